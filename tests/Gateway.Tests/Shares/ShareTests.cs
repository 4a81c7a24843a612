using System.Globalization;
using System.Text;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Gateway.Tests.Routing.Simulation;
using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;
using Xunit.Abstractions;

namespace PhaseMesh.Gateway.Tests.Shares;

/// <summary>
/// A real gateway before real providers of different speed, distance and honesty: each gets about the part of all bytes that the
/// simulation of the same fleet gives it.
/// </summary>
[Collection(StormTurns.Name)]
public sealed class ShareTests(ITestOutputHelper output)
{
    private const int Clients = 16;
    private const int ChunkBytes = SimulatedFleet.ChunkBytes;
    private const int ChunksOfEach = 8;
    private const int Seeds = 5;
    private const int GatewayPort = 8081;

    /// <summary>The part of all bytes that a replica may have more or less than simulated.</summary>
    private const double Bound = 0.12;

    private static readonly Dictionary<string, (ShapedReplica[] Replicas, double MostOfLast)> Stories = new()
    {
        ["six speeds"] = ([new(160), new(80), new(40), new(40), new(20), new(4)], 0.05),
        ["two near, two far"] = ([new(60, "here"), new(60, "here"), new(60, "there"), new(60, "there")], 0.5),
        ["quick probes, slow bodies"] = ([new(80), new(80), new(80), new(4) { AnswersProbesQuickly = true }], 0.06),
        // All are new, so a quarter of the clients begin at the liar; each is cut at its first chunk, with more on the way by then.
        ["one liar of four"] = ([new(80), new(80), new(80), new(80) { IsLiar = true }], 0.15),
    };

    public static TheoryData<string> Names => [.. Stories.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Shares_AreThoseOfTheSimulation(string story)
    {
        (ShapedReplica[] replicas, double mostOfLast) = Stories[story];
        double[] simulated = Simulate(replicas);
        double[] real = await MeasureAsync(replicas);
        string figures = string.Create(CultureInfo.InvariantCulture,
            $"{story}: real {string.Join(' ', real.Select(Percent))}, simulated {string.Join(' ', simulated.Select(Percent))} %");
        output.WriteLine(figures);

        Assert.All(real.Zip(simulated), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= Bound, figures));
        Assert.True(real[^1] <= mostOfLast, figures);
    }

    private static string Percent(double share) => (share * 100).ToString("0.0", CultureInfo.InvariantCulture);

    private static double[] Simulate(ShapedReplica[] replicas)
    {
        double[] sum = new double[replicas.Length];
        for (int seed = 1; seed <= Seeds; seed++)
        {
            SimulatedFleet fleet = new(Policy.PhaseMesh, seed, replicas.Select((replica, index) => replica.Simulated(index)));
            fleet.Run(() => fleet.StormAsync(Clients, ChunksOfEach, "here"));
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += fleet.ShareOf($"{i}") / Seeds;
            }
        }

        return sum;
    }

    private static async Task<double[]> MeasureAsync(ShapedReplica[] replicas)
    {
        using TestRelease release = TestRelease.Create(
            new TestReleaseOptions { RootfsBytes = Clients * ChunksOfEach * (long)ChunkBytes, ChunkSizeBytes = ChunkBytes });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        await using ShapedLoopback network = await ShapedLoopback.CreateAsync(replicas);
        List<ChildProcess> processes = [];
        try
        {
            processes.AddRange(replicas.Select((replica, index) => StartReplica(network, directory, release, replica, index)));
            foreach (int index in Enumerable.Range(0, replicas.Length))
            {
                await network.GetAsync($"http://{ShapedLoopback.AddressOf(index)}:8080/manifest.json");
            }

            ChildProcess gateway = StartGateway(network, directory, release, replicas);
            processes.Add(gateway);
            await UntilAllAreKnownAsync(network, replicas.Length);
            long[] before = await network.SentAsync();
            await DownloadAsync(network, directory);
            long[] sent = [.. (await network.SentAsync()).Zip(before, (after, was) => after - was)];
            if (replicas.Any(replica => replica.IsLiar))
            {
                await gateway.WaitForLineAsync("sent wrong bytes", Programs.Limit);
            }

            return [.. sent.Select(bytes => (double)bytes / sent.Sum())];
        }
        finally
        {
            foreach (ChildProcess process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static ChildProcess StartReplica(
        ShapedLoopback network, ReleaseDirectory directory, TestRelease release, ShapedReplica replica, int index)
    {
        string address = ShapedLoopback.AddressOf(index);
        if (replica.IsLiar)
        {
            LyingDirectory.Write(directory.At("lies"), directory, release);
            return network.Start($"liar {index}", "busybox", "httpd", "-f", "-p", $"{address}:8080", "-h", directory.At("lies"));
        }

        return network.Start(
            $"plasmd {index}", "dotnet", Programs.FileOf("plasmd"), "serve", "--artifacts", directory.Artifacts, "--channel", "stable",
            "--arch", "x86_64", "--bind", address, "--port", "8080", "--state-dir", directory.At($"plasmd{index}"), "--mode", "local");
    }

    private static ChildProcess StartGateway(
        ShapedLoopback network, ReleaseDirectory directory, TestRelease release, ShapedReplica[] replicas)
    {
        StringBuilder file = new("[[site]]\nname = \"here\"\ncidr = [\"127.0.0.0/8\"]\n");
        foreach ((int index, ShapedReplica replica) in replicas.Index())
        {
            file.AppendLine(CultureInfo.InvariantCulture, $"[[provider]]\nurl = \"http://{ShapedLoopback.AddressOf(index)}:8080\"");
            file.AppendLine(replica.Site is null ? "" : $"site = \"{replica.Site}\"");
        }

        File.WriteAllText(directory.At("gateway.toml"), file.ToString());
        return network.Start(
            "phase-gateway", "dotnet", Programs.FileOf("phase-gateway"), "serve", "--bind", "127.0.0.1", "--port", $"{GatewayPort}",
            "--state-dir", directory.At("gateway"), "--memory", "64MiB", "--trust", release.Key.PublicKey.KeyId,
            "--config", directory.At("gateway.toml"));
    }

    private static Task UntilAllAreKnownAsync(ShapedLoopback network, int count) => Eventually.IsAsync(async () =>
    {
        using JsonDocument status = JsonDocument.Parse(
            await network.GetAsync($"http://127.0.0.1:{GatewayPort}/"));
        return status.RootElement.GetProperty("providers").EnumerateArray()
            .Count(provider => provider.GetProperty("healthy").GetBoolean()) == count;
    });

    /// <summary>Each client gets a part of its own, so that none is served from what another asked for.</summary>
    private static async Task DownloadAsync(ShapedLoopback network, ReleaseDirectory directory)
    {
        const long Part = ChunksOfEach * (long)ChunkBytes;
        byte[] rootfs = await File.ReadAllBytesAsync(Path.Combine(directory.Artifacts, ArtifactKind.Rootfs.Name()));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            string part = directory.At($"part{client}");
            await using ChildProcess curl = network.Start(
                $"curl {client}", "curl", "-sSf", "-o", part, "-r", $"{client * Part}-{((client + 1) * Part) - 1}",
                $"http://127.0.0.1:{GatewayPort}/rootfs");
            Assert.True(await curl.WaitForExitAsync(Programs.Limit) == 0, curl.Tail());
            Assert.True((await File.ReadAllBytesAsync(part)).AsSpan().SequenceEqual(rootfs.AsSpan((int)(client * Part), (int)Part)));
        }));
    }
}
