using PhaseMesh.Benchmarks.Loads;
using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>
/// Four replicas, three on lines of 1 Gb/s and one on a twentieth of that: eight clients get 64 artifacts of 8 MiB, each once. How long the
/// slowest downloads take, and what was read of the replicas beyond the artifacts.
/// </summary>
internal sealed class SlowReplicaBenchmark : IBenchmark
{
    private const int Clients = 8;
    private const int Releases = 32;
    private const long LeastMemoryBytes = 16 << 20;
    private const double LineBytesPerSecond = 125e6;
    private const double SlowBytesPerSecond = LineBytesPerSecond / 20;
    private static readonly string[] Names = ["gateway", "haproxy, leastconn", "aria2, all four at once"];

    public IReadOnlyList<string> RowNames { get; } = ["gateway.slowreplica.p99", "gateway.slowreplica.p99.aria2"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        long bytes = BenchScale.StreamBytes / 128;
        using OriginFiles files = new();
        List<string> paths = [];
        for (int index = 0; index < Releases; index++)
        {
            TestRelease release = await files.AddAsync($"slow{index}", bytes, bytes);
            paths.AddRange([OriginFiles.BlobOf(release, ArtifactKind.Kernel), OriginFiles.BlobOf(release, ArtifactKind.Rootfs)]);
        }

        await using NginxProcess origin = await Origin.StartAsync(files);
        await using PacedRelay first = new(origin.Url, LineBytesPerSecond);
        await using PacedRelay second = new(origin.Url, LineBytesPerSecond);
        await using PacedRelay third = new(origin.Url, LineBytesPerSecond);
        await using PacedRelay slow = new(origin.Url, SlowBytesPerSecond);
        PacedRelay[] lines = [first, second, third, slow];
        Uri[] replicas = [.. lines.Select(line => line.Url)];

        // Too small to have any artifact still that is asked for again in the next round.
        await using GatewayProgram gateway = await GatewayProgram.StartAsync(files, replicas, Math.Max(LeastMemoryBytes, 8 * bytes));
        await using HaproxyProcess haproxy = await HaproxyProcess.StartAsync(files, replicas);
        string folder = files.FolderOf("aria2");
        Func<Task<IReadOnlyList<double>>>[] sides =
        [
            () => StreamLoad.RunEachAsync(paths.Select(path => new Uri(gateway.Url, path)), Clients, bytes),
            () => StreamLoad.RunEachAsync(paths.Select(path => new Uri(haproxy.Url, path)), Clients, bytes),
            () => Aria2Load.RunEachAsync(paths.Select(path => replicas.Select(url => new Uri(url, path))), Clients, bytes, folder),
        ];

        List<(double P50, double P99, double Read, double FromSlow)[]> measured = [];
        long duplicates = 0;
        for (int round = -1; round < rounds; round++)
        {
            var results = new (double P50, double P99, double Read, double FromSlow)[sides.Length];
            for (int index = 0; index < sides.Length; index++)
            {
                long[] before = [.. lines.Select(line => line.BytesSent)];
                IReadOnlyList<double> seconds = await sides[index]();
                double[] sent = [.. lines.Select((line, at) => (double)(line.BytesSent - before[at]) / (paths.Count * bytes))];
                results[index] = (Percentile(seconds, 0.5), Percentile(seconds, 0.99), sent.Sum(), sent[^1]);
            }

            if (round < 0)
            {
                // Nobody knew the replicas yet; a gateway that has served for a while is what the rows show.
                IEnumerable<string> slowest = Names.Zip(results, (name, result) => $"{name} {result.P99:0.00} s");
                Console.WriteLine($"  first contact, not counted: p99 {string.Join(", ", slowest)}");
                duplicates = await gateway.DuplicateBytesAsync();
                continue;
            }

            measured.Add(results);
        }

        for (int index = 0; index < Names.Length; index++)
        {
            Console.WriteLine($"  {Names[index]}: p50 {Row.Median([.. measured.Select(each => each[index].P50)]):0.00} s; read "
                + $"{Row.Median([.. measured.Select(each => each[index].Read)]):0.000} of the artifacts' bytes, "
                + $"{Row.Median([.. measured.Select(each => each[index].FromSlow)]):0.000} from the slow one");
        }

        double twice = (double)(await gateway.DuplicateBytesAsync() - duplicates) / (rounds * paths.Count * bytes);
        Console.WriteLine($"  gateway: {twice:P1} of the bytes fetched twice, as it counts them");
        return [Compare(RowNames[0], 1), Compare(RowNames[1], 2)];

        Row Compare(string name, int peer) => Row.From(
            name, "s", higherIsBetter: false, Names[peer], [.. measured.Select(each => (each[0].P99, each[peer].P99))]);
    }

    /// <summary>Nearest rank; the slowest of all when there are fewer than a hundred.</summary>
    private static double Percentile(IReadOnlyList<double> values, double fraction) =>
        values.Order().ElementAt((int)Math.Ceiling(fraction * values.Count) - 1);
}
