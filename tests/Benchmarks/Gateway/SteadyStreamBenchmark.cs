using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>
/// A 1 GiB rootfs through the gateway to 1, 4 and 16 clients once it has it: every chunk was verified when it came and is in
/// memory. nginx and haproxy keep nothing, and read it from the origin for each client.
/// </summary>
internal sealed class SteadyStreamBenchmark : IBenchmark
{
    private const string Haproxy = "haproxy, splice";
    private const int ComparedClients = 4;
    private static readonly int[] Clients = [1, 4, 16];

    public IReadOnlyList<string> RowNames { get; } =
    [
        "gateway.stream.c1", "gateway.stream.c4", "gateway.stream.c16", "gateway.cpu.c4", "gateway.stream.c4.haproxy",
        "gateway.cpu.c4.haproxy",
    ];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        long bytes = BenchScale.StreamBytes;
        using OriginFiles files = new();
        TestRelease release = await files.AddAsync("stable", kernelBytes: 4096, bytes);
        string path = OriginFiles.BlobOf(release, ArtifactKind.Rootfs);
        await using NginxProcess origin = await Origin.StartAsync(files);
        await using GatewayProgram gateway = await GatewayProgram.StartAsync(files, [origin.Url], memoryBytes: 2 * bytes);
        await using NginxProcess nginx = await NginxProxy.StartAsync(files, origin.Url);
        await using HaproxyProcess haproxy = await HaproxyProcess.StartAsync(files, [origin.Url]);
        await ViaGatewayAsync(ComparedClients);
        await ViaGatewayAsync(ComparedClients);
        await ViaNginxAsync(ComparedClients);
        await ViaHaproxyAsync();

        List<Row> rows = [];
        foreach (int clients in Clients)
        {
            List<(StreamRate Ours, StreamRate Nginx, StreamRate Haproxy)> measured = [];
            for (int round = 0; round < rounds; round++)
            {
                StreamRate ours = await ViaGatewayAsync(clients);
                StreamRate peer = await ViaNginxAsync(clients);
                measured.Add((ours, peer, clients == ComparedClients ? await ViaHaproxyAsync() : default));
            }

            rows.Add(Row.From(
                $"gateway.stream.c{clients}", "GB/s", higherIsBetter: true, NginxProxy.Name,
                [.. measured.Select(each => (each.Ours.GigabytesPerSecond, each.Nginx.GigabytesPerSecond))]));
            if (clients == ComparedClients)
            {
                rows.Add(Row.From(
                    "gateway.cpu.c4", "CPU s per GB", higherIsBetter: false, NginxProxy.Name,
                    [.. measured.Select(each => (each.Ours.CpuSecondsPerGigabyte, each.Nginx.CpuSecondsPerGigabyte))]));
                rows.Add(Row.From(
                    "gateway.stream.c4.haproxy", "GB/s", higherIsBetter: true, Haproxy,
                    [.. measured.Select(each => (each.Ours.GigabytesPerSecond, each.Haproxy.GigabytesPerSecond))]));
                rows.Add(Row.From(
                    "gateway.cpu.c4.haproxy", "CPU s per GB", higherIsBetter: false, Haproxy,
                    [.. measured.Select(each => (each.Ours.CpuSecondsPerGigabyte, each.Haproxy.CpuSecondsPerGigabyte))]));
            }
        }

        return rows;

        Task<StreamRate> ViaGatewayAsync(int clients) => StreamRate.MeasureAsync(gateway.Url, gateway.Id, path, clients, bytes);

        Task<StreamRate> ViaNginxAsync(int clients) => StreamRate.MeasureAsync(nginx.Url, nginx.Id, path, clients, bytes);

        Task<StreamRate> ViaHaproxyAsync() => StreamRate.MeasureAsync(haproxy.Url, haproxy.Id, path, ComparedClients, bytes);
    }
}
