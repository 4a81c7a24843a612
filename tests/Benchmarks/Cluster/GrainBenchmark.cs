using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.TestKit.Postgres;

namespace PhaseMesh.Benchmarks.Cluster;

/// <summary>
/// Two silos on one PostgreSQL with fsync, callers in one of them. Orleans doesn't restore where this is built, so its figures are
/// constants, measured on this class of machine with the same state, callers and database (two silos as well).
/// </summary>
internal sealed class GrainBenchmark : IBenchmark
{
    private const string Orleans = "Orleans (facts), constant";
    private const double OrleansReads = 134_000;
    private const double OrleansWrites64 = 3_244;
    private const double OrleansWrites256 = 3_750;
    private const int Grains = 20_000;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(3);

    public IReadOnlyList<string> RowNames { get; } =
    [
        "grain.read.cached", "grain.write.c16", "grain.write.c64", "grain.write.c64.pgbench", "grain.write.c256", "grain.write.c1.p50",
    ];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using PostgresServer server = await PostgresServer.StartNewAsync();
        PgBench pgbench = new(server);
        await pgbench.PrepareAsync();
        string database = await server.NewDatabaseAsync(isTcp: true);
        await using GrainCluster silo = await StartAsync("bench", database);
        await using GrainCluster other = await StartAsync("other", database);
        IBenchGrain[] grains = [.. Enumerable.Range(0, Grains).Select(i => silo.GetGrain<IBenchGrain>($"grain-{i:000000}"))];
        string text = new('y', 420);
        Task WriteAsync(int caller, int number) => grains[((caller * 7919) + (number * 1031)) % Grains].WriteAsync(text);
        Task<CallLoad> WritesAsync(int callers) => CallLoad.RunAsync(callers, Duration, 1, WriteAsync);

        // Every grain is there, and the code is compiled, before anything counts.
        await Parallel.ForAsync(0, Grains, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (i, _) => await grains[i].WriteAsync(text));
        await WritesAsync(64);

        Dictionary<string, List<(double, double)>> measured = RowNames.ToDictionary(name => name, _ => new List<(double, double)>());
        List<string> details = [];
        for (int round = 0; round < rounds; round++)
        {
            CallLoad reads = await CallLoad.RunAsync(64, Duration, 64, (caller, number) => grains[((caller * 7919) + number) % 1000].ReadAsync());
            CallLoad one = await WritesAsync(1);
            double peerOne = 1000 / await pgbench.RunAsync(1, 2);
            CallLoad sixteen = await WritesAsync(16);
            double peerSixteen = await pgbench.RunAsync(16, 3);
            CallLoad sixtyFour = await WritesAsync(64);
            double peerSixtyFour = await pgbench.RunAsync(64, 3);
            CallLoad many = await WritesAsync(256);
            CallLoad newest = await CallLoad.RunAsync(64, Duration / 2, 1, async (caller, number) =>
            {
                using (GrainReads.Newest())
                {
                    await grains[((caller * 7919) + (number * 1031)) % Grains].ReadAsync();
                }
            });
            measured["grain.read.cached"].Add((reads.PerSecond, OrleansReads));
            measured["grain.write.c16"].Add((sixteen.PerSecond, peerSixteen));
            measured["grain.write.c64"].Add((sixtyFour.PerSecond, OrleansWrites64));
            measured["grain.write.c64.pgbench"].Add((sixtyFour.PerSecond, peerSixtyFour));
            measured["grain.write.c256"].Add((many.PerSecond, OrleansWrites256));
            measured["grain.write.c1.p50"].Add((one.P50, peerOne));
            details = [$"cached  {reads}", $"newest  {newest}", $"c1      {one}", $"c16     {sixteen}", $"c64     {sixtyFour}", $"c256    {many}"];
        }

        details.Add($"cold    {await ColdAsync(database)}");
        foreach (string detail in details)
        {
            Console.WriteLine($"  {detail}");
        }

        return
        [
            Row.From("grain.read.cached", "calls/s", higherIsBetter: true, $"{Orleans}, cross-silo", measured["grain.read.cached"]),
            Row.From("grain.write.c16", "calls/s", higherIsBetter: true, "pgbench, one row", measured["grain.write.c16"]),
            Row.From("grain.write.c64", "calls/s", higherIsBetter: true, Orleans, measured["grain.write.c64"]),
            Row.From("grain.write.c64.pgbench", "calls/s", higherIsBetter: true, "pgbench, one row", measured["grain.write.c64.pgbench"]),
            Row.From("grain.write.c256", "calls/s", higherIsBetter: true, Orleans, measured["grain.write.c256"]),
            Row.From("grain.write.c1.p50", "ms", higherIsBetter: false, "pgbench, one row, mean", measured["grain.write.c1.p50"]),
        ];
    }

    private static Task<GrainCluster> StartAsync(string name, string database) => GrainCluster.StartAsync(
        new GrainClusterOptions { SiloName = name, Storage = GrainStorage.Postgres(database) }.AddGrain<BenchGrain>());

    /// <summary>Reads by a silo that has none of the grains yet.</summary>
    private static async Task<CallLoad> ColdAsync(string database)
    {
        await using GrainCluster cold = await StartAsync("cold", database);
        int next = -1;
        return await CallLoad.RunAsync(64, TimeSpan.FromSeconds(1), 1, (_, _) =>
            cold.GetGrain<IBenchGrain>($"grain-{Interlocked.Increment(ref next) % Grains:000000}").ReadAsync());
    }
}
