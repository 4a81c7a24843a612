using System.Globalization;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;
using Xunit.Abstractions;

namespace PhaseMesh.Gateway.Tests.Storm;

[Collection(StormTurns.Name)]
public class AgentStormTests(ITestOutputHelper output)
{
    private const int Machines = 200;
    private const int LineMegabits = 400;

    /// <summary>The real agent in two hundred network namespaces, each behind a link of 50 Mb/s, the gateway behind one of 400.</summary>
    [Fact]
    public async Task TwoHundredAgentsAtOnce_OnRateLimitedLinks_AllBootAndTheProvidersAreReadAtMostTwice()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions
        {
            KernelBytes = 600_001,
            InitramfsBytes = 300_002,
            RootfsBytes = 2_100_003,
        });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        await using StormNetwork network = await StormNetwork.CreateAsync(Machines, $"{LineMegabits}mbit", "50mbit");
        List<ChildProcess> servers = [];
        ChildProcess[] agents = [];
        try
        {
            string[] providers = [.. Enumerable.Range(0, 4).Select(index => $"http://127.0.0.1:{9000 + index}")];
            for (int index = 0; index < providers.Length; index++)
            {
                servers.Add(network.StartAtGateway($"plasmd{index}", "dotnet", Programs.FileOf("plasmd"), "serve",
                    "--artifacts", directory.Artifacts, "--channel", "stable", "--arch", "x86_64", "--bind", "127.0.0.1",
                    "--port", $"{9000 + index}", "--state-dir", directory.At($"plasmd{index}"), "--mode", "local"));
                await network.GetAsync($"{providers[index]}/readyz");
            }

            servers.Add(network.StartAtGateway("phase-gateway", "dotnet",
                [
                    Programs.FileOf("phase-gateway"), "serve", "--port", "8081", "--state-dir", directory.At("gateway"),
                    "--memory", "64MiB", "--max-streams", "64", "--trust", release.Key.PublicKey.KeyId,
                    .. providers.SelectMany(url => (string[])["--provider", url]),
                ]));
            await network.GetAsync("http://127.0.0.1:8081/readyz");
            long before = await SentAsync(network, providers);

            string url = $"http://{StormNetwork.GatewayAddress}:8081";
            long started = TimeProvider.System.GetTimestamp();
            agents = [.. Enumerable.Range(0, Machines).Select(number => network.StartAt(number, $"agent {number}", "dotnet",
                Programs.FileOf("phase-agent"), "--no-kexec", "--output", directory.At($"m{number}"), "--provider", url, "--arch", "x86_64",
                "--trust", release.Key.PublicKey.KeyId))];
            TimeSpan begun = TimeProvider.System.GetElapsedTime(started);
            (TimeSpan Ended, long ResidentKilobytes)[] ends = await Task.WhenAll(agents.Select(agent => EndAsync(agent, started)));

            foreach ((int number, ChildProcess agent) in agents.Index())
            {
                Assert.True(await agent.WaitForExitAsync(Programs.Limit) == 0, agent.Tail());
                foreach (ArtifactKind kind in ArtifactKinds.All)
                {
                    Assert.Equal(
                        release.Manifest.Artifacts[kind].Digest,
                        Sha256Digest.Compute(await File.ReadAllBytesAsync(Path.Combine(directory.At($"m{number}"), kind.Name()))));
                }
            }

            long artifactBytes = release.Contents.Values.Sum(content => content.Length);
            double ratio = (double)(await SentAsync(network, providers) - before) / artifactBytes;
            JsonElement admission = (await StatusAsync(network, "http://127.0.0.1:8081")).GetProperty("admission");
            double line = Machines * artifactBytes * 8.0 / (LineMegabits * 1e6);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Machines} agents, started within {begun.TotalSeconds:0.0} s: "
                + $"the first done after {ends.Min(end => end.Ended).TotalSeconds:0.0} s, "
                + $"half after {ends.Order().ElementAt(Machines / 2).Ended.TotalSeconds:0.0} s, the last after "
                + $"{ends.Max(end => end.Ended).TotalSeconds:0.0} s; at line rate {line:0.0} s. Providers read {ratio:0.00} times; refused "
                + $"{admission.GetProperty("refused")}. An agent had up to {ends.Max(end => end.ResidentKilobytes) / 1024} MiB."));
            Assert.InRange(ratio, 1, 2);
            Assert.Equal(0, admission.GetProperty("active").GetInt32());
        }
        finally
        {
            foreach (ChildProcess process in servers.Concat(agents))
            {
                await process.DisposeAsync();
            }
        }
    }

    private static async Task<(TimeSpan Ended, long ResidentKilobytes)> EndAsync(ChildProcess agent, long started)
    {
        await agent.WaitForLineAsync(line => line.Contains("kernel", StringComparison.Ordinal), "the kernel", Programs.Limit);
        long resident = ResidentKilobytes(agent.Id);
        await agent.WaitForExitAsync(Programs.Limit);
        return (TimeProvider.System.GetElapsedTime(started), resident);
    }

    private static long ResidentKilobytes(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
                .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
                .FirstOrDefault();
        }
        catch (IOException)
        {
            return 0; // It has just ended.
        }
    }

    private static async Task<long> SentAsync(StormNetwork network, IEnumerable<string> providers)
    {
        long sum = 0;
        foreach (string provider in providers)
        {
            sum += (await StatusAsync(network, provider)).GetProperty("load").GetProperty("bytes_sent").GetInt64();
        }

        return sum;
    }

    private static async Task<JsonElement> StatusAsync(StormNetwork network, string url) =>
        JsonDocument.Parse(await network.GetAsync(url + "/")).RootElement;
}
