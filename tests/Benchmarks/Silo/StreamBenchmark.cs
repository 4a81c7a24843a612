using PhaseMesh.Benchmarks.Loads;

namespace PhaseMesh.Benchmarks.Silo;

/// <summary>A 1 GiB rootfs to 1, 4 and 16 clients: throughput, and the server's CPU time per GB at 4.</summary>
internal sealed class StreamBenchmark : IBenchmark
{
    private const string PeerName = "nginx, sendfile";
    private const int CpuClients = 4;
    private static readonly int[] Clients = [1, 4, 16];

    public IReadOnlyList<string> RowNames { get; } = ["silo.stream.c1", "silo.stream.c4", "silo.stream.c16", "silo.cpu.c4"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using ServedRelease release = await ServedRelease.StartAsync();
        await using NginxProcess nginx = await NginxProcess.StartAsync(release.Root, release.PathOf(string.Empty));
        Uri ours = new(release.Plasmd.Url, "/rootfs");
        Uri peer = new(nginx.Url, "/rootfs");
        int oursId = release.Plasmd.Console.Id;

        // Neither pays for a cold start.
        await StreamLoad.RunAsync(ours, 1, ServedRelease.RootfsBytes);
        await StreamLoad.RunAsync(peer, 1, ServedRelease.RootfsBytes);

        List<Row> rows = [];
        foreach (int clients in Clients)
        {
            List<(double, double)> rates = [];
            List<(double, double)> cpu = [];
            for (int round = 0; round < rounds; round++)
            {
                (double oursRate, double oursCpu) = await MeasureAsync(ours, oursId, clients);
                (double peerRate, double peerCpu) = await MeasureAsync(peer, nginx.Id, clients);
                rates.Add((oursRate, peerRate));
                cpu.Add((oursCpu, peerCpu));
            }

            rows.Add(Row.From($"silo.stream.c{clients}", "GB/s", higherIsBetter: true, PeerName, rates));
            if (clients == CpuClients)
            {
                rows.Add(Row.From($"silo.cpu.c{clients}", "CPU s per GB", higherIsBetter: false, PeerName, cpu));
            }
        }

        return rows;
    }

    private static async Task<(double GigabytesPerSecond, double CpuSecondsPerGigabyte)> MeasureAsync(Uri url, int processId, int clients)
    {
        double cpuBefore = ProcessCpu.Seconds(processId);
        double seconds = (await StreamLoad.RunAsync(url, clients, ServedRelease.RootfsBytes)).Seconds;
        double cpu = ProcessCpu.Seconds(processId) - cpuBefore;
        return (ServedRelease.Gigabytes(clients) / seconds, cpu / ServedRelease.Gigabytes(clients));
    }
}
