using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Benchmarks.KadDht;

/// <summary>
/// Look-ups in a simulated network: the product's DHT code in virtual time, log-normal link delays with a median of 40 ms, 1 % of the
/// messages lost. The row is the mean of hops per look-up; a table with messages, virtual latency and memory is printed above it.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "A simulation that replays needs a seeded generator.")]
internal sealed class SimulationBenchmark(int size) : IBenchmark
{
    private const int LookupsPerRound = 100;
    private const double Loss = 0.01;

    public IReadOnlyList<string> RowNames { get; } = [$"dht.sim.{size}.hops"];

    public Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        LinkModel links = new() { Seed = size, Loss = Loss };
        SimulatedNetwork network = new(links, new KadOptions { Namespaces = NewestWins.Namespaces })
        {
            UsesCodec = false, // Tests do; here it would only take time.
        };
        IReadOnlyList<Row> rows = network.Time.Run(async () =>
        {
            long started = TimeProvider.System.GetTimestamp();
            await network.GrowAsync(size);
            double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine($"  {size} nodes joined in {seconds:F0} s, {network.Messages / size} messages each");
            Row row = await MeasureHopsAsync(network, rounds);
            await PrintOperationsAsync(network, "");
            network.Kill(size / 2);
            await PrintOperationsAsync(network, ", half of the nodes dead");
            return (IReadOnlyList<Row>)[row];
        });
        foreach (SimulatedNode node in network.Nodes)
        {
            node.CloseConnections(); // The simulation's own books.
        }
        long after = GC.GetTotalMemory(forceFullCollection: true);
        double entries = network.Nodes.Average(static node => node.Node.Table.Count);
        Console.WriteLine($"  {(after - before) / size / 1024.0:F1} KiB of memory and {entries:F0} table entries per node");
        return Task.FromResult(rows);
    }

    private async Task<Row> MeasureHopsAsync(SimulatedNetwork network, int rounds)
    {
        List<(double, double)> measured = [];
        Random random = new(size);
        int exact = 0;
        for (int round = 0; round < rounds; round++)
        {
            double hops = 0;
            for (int index = 0; index < LookupsPerRound; index++)
            {
                byte[] key = new byte[32];
                random.NextBytes(key);
                SimulatedNode asker = network.Pick();
                List<PeerId> found = await asker.Client.FindClosestAsync(key, CancellationToken.None);
                hops += asker.Client.LastLookup.Hops;
                exact += network.TrueClosest(key, 21).Where(peer => peer != asker.LocalPeer).Take(20).Intersect(found).Count();
            }
            measured.Add((hops / LookupsPerRound, BitOperations.Log2((uint)size - 1) + 1));
        }
        Console.WriteLine($"  {100.0 * exact / (20 * rounds * LookupsPerRound):F2} % of the truly nearest 20 found");
        return Row.From(RowNames[0], "hops", higherIsBetter: false, "ceil(log2 n)", measured);
    }

    private static async Task PrintOperationsAsync(SimulatedNetwork network, string condition)
    {
        Console.WriteLine($"  {network.Nodes.Count} nodes{condition}: messages (mean), virtual ms p50, p95, found");
        OperationTally closest = new("closest 20"), put = new("put"), get = new("get");
        OperationTally provide = new("provide"), find = new("find, first"), none = new("find, none");
        for (int index = 0; index < LookupsPerRound; index++)
        {
            byte[] key = System.Text.Encoding.UTF8.GetBytes($"/phase/{network.Messages}/{index}");
            byte[] digest = KademliaDht.ProviderKey(System.Text.Encoding.UTF8.GetString(key));
            await closest.MeasureAsync(network, async node => await node.Client.FindClosestAsync(key, CancellationToken.None) is { Count: 20 });
            await put.MeasureAsync(network, async node => await node.Client.PutAsync(key, [1], CancellationToken.None) > 0);
            await get.MeasureAsync(network, async node => await node.Client.GetAsync(key, CancellationToken.None) is [1]);
            await provide.MeasureAsync(network, async node => await node.Client.ProvideAsync(digest, CancellationToken.None) > 0);
            await find.MeasureAsync(network, node => FindAsync(node, digest));
            await none.MeasureAsync(network, async node => !await FindAsync(node, KademliaDht.ProviderKey($"nobody {index}")));
        }
        foreach (OperationTally tally in (OperationTally[])[closest, put, get, provide, find, none])
        {
            Console.WriteLine($"    {tally}");
        }
    }

    private static async Task<bool> FindAsync(SimulatedNode node, byte[] digest)
    {
        await foreach (KadPeer _ in node.Client.FindProvidersAsync(digest, 1, CancellationToken.None))
        {
            return true;
        }
        return false;
    }
}
