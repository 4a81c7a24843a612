using PhaseMesh.Benchmarks.Loads;
using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Seeing;

/// <summary>
/// What being seen costs a gateway: bodies out of its memory and small answers, measured and scraped once a second, beside the same build with
/// <c>OTEL_SDK_DISABLED=true</c>, where nobody listens to an instrument.
/// </summary>
internal sealed class OverheadBenchmark : IBenchmark
{
    private const string PeerName = "instrumentation off";
    private const int StreamClients = 4;
    private const int Repeats = 4;
    private const int Connections = 64;
    private const int Seconds = 4;
    private const long RootfsBytes = 128 << 20;

    public IReadOnlyList<string> RowNames { get; } = ["seeing.overhead.stream", "seeing.overhead.small"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using ServedRelease release = await ServedRelease.StartAsync(RootfsBytes);
        IReadOnlyList<OutputLine> shown = await PlasmdProcess.RunAsync("key", "show", release.KeyFile);
        string trust = shown.SelectMany(line => line.Text.Split(' ')).First(word => word.StartsWith("ed25519:", StringComparison.Ordinal));
        await using SeenProgram seen = await GatewayAsync(release, trust, "seen");
        await using SeenProgram unseen = await GatewayAsync(release, trust, "unseen", ("OTEL_SDK_DISABLED", "true"));
        using CancellationTokenSource stop = new();
        Task scraping = ScrapeAsync(seen.Url, stop.Token);
        List<(double, double)> streams = [];
        List<(double, double)> small = [];
        await StreamAsync(seen);
        await StreamAsync(unseen);
        for (int round = 0; round < rounds; round++)
        {
            streams.Add((await StreamAsync(seen), await StreamAsync(unseen)));
            small.Add((await SmallAsync(seen), await SmallAsync(unseen)));
        }

        await stop.CancelAsync();
        await scraping;
        return
        [
            Row.From(RowNames[0], "GB/s", higherIsBetter: true, PeerName, streams),
            Row.From(RowNames[1], "requests/s", higherIsBetter: true, PeerName, small),
        ];
    }

    private static Task<SeenProgram> GatewayAsync(
        ServedRelease release, string trust, string name, params (string Name, string Value)[] environment) => SeenProgram.StartAsync(
            "phase-gateway",
            ["--provider", release.Plasmd.Url.ToString(), "--trust", trust, "--state-dir", release.PathOf(name), "--memory", "512MiB"],
            "/readyz", environment);

    private static async Task<double> StreamAsync(SeenProgram gateway)
    {
        double seconds = 0;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            seconds += (await StreamLoad.RunAsync(new Uri(gateway.Url, "/rootfs"), StreamClients, RootfsBytes)).Seconds;
        }

        return Repeats * StreamClients * RootfsBytes / seconds / 1e9;
    }

    private static async Task<double> SmallAsync(SeenProgram gateway) =>
        (await RequestLoad.RunAsync(new Uri(gateway.Url, "/manifest.json"), Connections, Seconds)).PerSecond;

    private static async Task ScrapeAsync(Uri gateway, CancellationToken stop)
    {
        using HttpClient client = new() { BaseAddress = gateway };
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await client.GetStringAsync("/metrics", stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Measured.
        }
    }
}
