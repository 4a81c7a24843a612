using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>
/// A 1 GiB rootfs through a gateway that has nothing of it: it is fetched once, every chunk hashed before its first byte leaves. Each
/// measurement has a gateway of its own, which has served another artifact before: so the digest is new, and the process is not.
/// </summary>
internal sealed class ColdStreamBenchmark : IBenchmark
{
    private const int CpuClients = 4;
    private const int WarmUps = 3;
    private static readonly int[] Clients = [1, 4, 16];

    public IReadOnlyList<string> RowNames { get; } =
        ["gateway.stream.cold.c1", "gateway.stream.cold.c4", "gateway.stream.cold.c16", "gateway.cpu.cold.c4"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        long bytes = BenchScale.StreamBytes;
        long otherBytes = bytes / 4;
        using OriginFiles files = new();
        TestRelease release = await files.AddAsync("stable", otherBytes, bytes);
        string path = OriginFiles.BlobOf(release, ArtifactKind.Rootfs);
        string other = OriginFiles.BlobOf(release, ArtifactKind.Kernel);
        await using NginxProcess origin = await Origin.StartAsync(files);
        await using NginxProcess nginx = await NginxProxy.StartAsync(files, origin.Url);
        await StreamRate.MeasureAsync(nginx.Url, nginx.Id, path, CpuClients, bytes);

        List<Row> rows = [];
        foreach (int clients in Clients)
        {
            List<(StreamRate Ours, StreamRate Nginx)> measured = [];
            for (int round = 0; round < rounds; round++)
            {
                measured.Add((await ViaNewGatewayAsync(clients), await StreamRate.MeasureAsync(nginx.Url, nginx.Id, path, clients, bytes)));
            }

            rows.Add(Row.From(
                $"gateway.stream.cold.c{clients}", "GB/s", higherIsBetter: true, NginxProxy.Name,
                [.. measured.Select(each => (each.Ours.GigabytesPerSecond, each.Nginx.GigabytesPerSecond))]));
            if (clients == CpuClients)
            {
                rows.Add(Row.From(
                    "gateway.cpu.cold.c4", "CPU s per GB", higherIsBetter: false, NginxProxy.Name,
                    [.. measured.Select(each => (each.Ours.CpuSecondsPerGigabyte, each.Nginx.CpuSecondsPerGigabyte))]));
            }
        }

        return rows;

        async Task<StreamRate> ViaNewGatewayAsync(int clients)
        {
            await using GatewayProgram gateway = await GatewayProgram.StartAsync(files, [origin.Url], memoryBytes: 2 * bytes);
            for (int warmUp = 0; warmUp < WarmUps; warmUp++)
            {
                await StreamRate.MeasureAsync(gateway.Url, gateway.Id, other, clients, otherBytes);
            }

            return await StreamRate.MeasureAsync(gateway.Url, gateway.Id, path, clients, bytes);
        }
    }
}
