using PhaseMesh.Benchmarks.Loads;
using PhaseMesh.TestKit.BootLab;

namespace PhaseMesh.Benchmarks.Silo;

/// <summary>The manifest of the release that <c>make image</c> builds (some 4 KB), as a fleet that wakes at once asks for it: 64 connections.</summary>
internal sealed class ManifestBenchmark : IBenchmark
{
    private const int Connections = 64;
    private const int Seconds = 4;

    public IReadOnlyList<string> RowNames { get; } = ["silo.manifest.c64"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using PlasmdProcess plasmd = await lab.StartProviderAsync();
        await using NginxProcess nginx = await NginxProcess.StartAsync(lab.Release, lab.PathOf(string.Empty));
        Uri ours = new(plasmd.Url, "/manifest.json");
        Uri peer = new(nginx.Url, "/manifest.json");
        await RequestLoad.RunAsync(ours, Connections, Seconds);

        List<(double, double)> measured = [];
        for (int round = 0; round < rounds; round++)
        {
            RequestRate oursRate = await RequestLoad.RunAsync(ours, Connections, Seconds);
            RequestRate peerRate = await RequestLoad.RunAsync(peer, Connections, Seconds);
            measured.Add((oursRate.PerSecond, peerRate.PerSecond));
        }

        return [Row.From(RowNames[0], "requests/s", higherIsBetter: true, "nginx", measured)];
    }
}
