using System.Text.Json;
using PhaseMesh.Benchmarks;
using PhaseMesh.Benchmarks.BootAgent;
using PhaseMesh.Benchmarks.Cluster;
using PhaseMesh.Benchmarks.Gateway;
using PhaseMesh.Benchmarks.KadDht;
using PhaseMesh.Benchmarks.Libp2p;
using PhaseMesh.Benchmarks.Loop;
using PhaseMesh.Benchmarks.Seeing;
using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.JsPeers;

// Measures PhaseMesh against its peers, interleaved, and writes bench/results.json. usage: Benchmarks [ROW-PREFIX]
string prefix = args.FirstOrDefault() ?? string.Empty;
IBenchmark[] benchmarks = [new StreamBenchmark(), new ManifestBenchmark(), new FetchBenchmark(), new ServingBenchmark(),
    new ConnectionBenchmark(), new DhtBenchmark(), new SimulationBenchmark(1000), new SimulationBenchmark(10_000),
    new GrainBenchmark(), new OutageBenchmark(), new OverheadBenchmark(), new ScrapeBenchmark(), new SteadyStreamBenchmark(),
    new ColdStreamBenchmark(), new SmallRequestBenchmark(), new StormBenchmark(), new SlowReplicaBenchmark()];
IBenchmark[] chosen = [.. benchmarks.Where(benchmark => benchmark.RowNames.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))];
if (chosen.Length == 0)
{
    await Console.Error.WriteLineAsync($"bench: no row starts with '{prefix}'; rows: {string.Join(' ', benchmarks.SelectMany(benchmark => benchmark.RowNames))}");
    return 2;
}

string results = Repository.PathOf("bench", "results.json");
Directory.CreateDirectory(Path.GetDirectoryName(results)!);
List<Row> rows = [];
Console.WriteLine($"{"row",-29} {"ours",10} {"peer",10} {"ratio",7}  {"unit",-29} {"better",-7} {"spread",7}  peer is");
foreach (IBenchmark benchmark in chosen)
{
    try
    {
        foreach (Row row in await benchmark.RunAsync(BenchScale.Rounds))
        {
            rows.Add(row);
            Console.WriteLine($"{row.Name,-29} {row.Ours,10:G4} {row.Peer,10:G4} {row.Ratio,6:0.00}x  {row.Unit,-29} {row.Better,-7} {row.Spread,7:0.00}  {row.PeerName}");
        }
    }
    catch (Exception absent) when (absent is BenchmarkAbsentException or PeerRefusedException)
    {
        Console.WriteLine($"{string.Join(", ", benchmark.RowNames)}: absent: {absent.Message}");
    }
}

await File.WriteAllTextAsync(results, JsonSerializer.Serialize(rows, RowJson.Default.ListRow) + "\n");
Console.WriteLine($"bench: {rows.Count} rows in {Path.GetRelativePath(Repository.Root, results)}");
return 0;
