using PhaseMesh.Benchmarks.Loads;
using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>
/// 64 clients ask at once for an artifact of 64 MiB that nobody has but an origin on a line of 1 Gb/s: how often it is read, and
/// how long the last client waits for its first byte. A new artifact in each round.
/// </summary>
internal sealed class StormBenchmark : IBenchmark
{
    private const int Clients = 64;
    private const double LineBytesPerSecond = 125e6;
    private const string OnceName = "1: read once";
    private static readonly string[] Names = ["gateway", "nginx, proxy_cache_lock", "squid, collapsed_forwarding"];

    public IReadOnlyList<string> RowNames { get; } =
    [
        "gateway.storm.origin", "gateway.storm.origin.nginx", "gateway.storm.origin.squid", "gateway.storm.firstbyte",
        "gateway.storm.firstbyte.squid",
    ];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        long bytes = BenchScale.StreamBytes / 16;
        using OriginFiles files = new();
        List<string> paths = [];
        for (int round = -1; round < rounds; round++)
        {
            paths.Add(OriginFiles.BlobOf(await files.AddAsync($"storm{round + 1}", kernelBytes: 4096, bytes), ArtifactKind.Rootfs));
        }

        // A line for each proxy: so it is known who read what.
        await using NginxProcess origin = await Origin.StartAsync(files);
        await using PacedRelay gatewayLine = new(origin.Url, LineBytesPerSecond);
        await using PacedRelay nginxLine = new(origin.Url, LineBytesPerSecond);
        await using PacedRelay squidLine = new(origin.Url, LineBytesPerSecond);
        await using GatewayProgram gateway = await GatewayProgram.StartAsync(files, [gatewayLine.Url], memoryBytes: 512 << 20);
        await using NginxProcess nginx = await NginxProxy.StartAsync(files, nginxLine.Url, isCaching: true);
        await using SquidProcess squid = await SquidProcess.StartAsync(files, squidLine.Url);
        (Uri Proxy, PacedRelay Line)[] sides = [(gateway.Url, gatewayLine), (nginx.Url, nginxLine), (squid.Url, squidLine)];

        List<(double OriginReads, StreamTimes Times)[]> measured = [];
        for (int round = -1; round < rounds; round++)
        {
            (double, StreamTimes)[] results = new (double, StreamTimes)[sides.Length];
            for (int index = 0; index < sides.Length; index++)
            {
                long before = sides[index].Line.BytesSent;
                StreamTimes times = await StreamLoad.RunAsync(new Uri(sides[index].Proxy, paths[round + 1]), Clients, bytes);
                results[index] = ((double)(sides[index].Line.BytesSent - before) / bytes, times);
            }

            // The first is for everybody to get warm.
            if (round >= 0)
            {
                measured.Add(results);
            }
        }

        for (int index = 0; index < Names.Length; index++)
        {
            double seconds = Row.Median([.. measured.Select(each => each[index].Times.Seconds)]);
            Console.WriteLine(
                $"  {Names[index]}: last client done after {seconds:0.00} s; the line alone takes {bytes / LineBytesPerSecond:0.00} s");
        }

        return
        [
            Row.From(
                "gateway.storm.origin", "origin bytes / artifact bytes", higherIsBetter: false, OnceName,
                [.. measured.Select(each => (each[0].OriginReads, 1.0))]),
            Origins("gateway.storm.origin.nginx", 1),
            Origins("gateway.storm.origin.squid", 2),
            FirstBytes("gateway.storm.firstbyte", 1),
            FirstBytes("gateway.storm.firstbyte.squid", 2),
        ];

        Row Origins(string name, int peer) => Row.From(
            name, "origin bytes / artifact bytes", higherIsBetter: false, Names[peer],
            [.. measured.Select(each => (each[0].OriginReads, each[peer].OriginReads))]);

        Row FirstBytes(string name, int peer) => Row.From(
            name, "s", higherIsBetter: false, Names[peer],
            [.. measured.Select(each => (each[0].Times.SlowestFirstByteSeconds, each[peer].Times.SlowestFirstByteSeconds))]);
    }
}
