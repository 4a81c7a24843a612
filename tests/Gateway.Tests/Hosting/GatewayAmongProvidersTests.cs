using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>To the agent a gateway is one of its providers: it stripes over all of them, goes on without it, and uses it again.</summary>
public class GatewayAmongProvidersTests
{
    private const int ChunkBytes = 256 * 1024;

    [Fact]
    public async Task Agent_TheGatewayIsKilledInMidTransferAndRestarted_GoesDirectMeanwhileAndUsesItAgain()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 48 << 20, ChunkSizeBytes = ChunkBytes });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri replica) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        // Slow enough that there is something left to do when the gateway is back, fast enough that the boot would end without it.
        await using FaultyProvider direct = new(release) { BytesPerSecond = 600_000 };
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(
            directory, release, [replica], "--max-rate-per-client", "2MiB");
        await using ChildProcess __ = gateway;
        using HttpClient client = new() { Timeout = Programs.Limit };
        await using ChildProcess agent = Programs.Boot(release, directory.At("out"), gatewayUrl, new Uri(direct.Url));
        while (await StormFigures.SentAsync(client, [gatewayUrl]) < 3 << 20 || direct.ArtifactBytes < 1 << 20)
        {
            Assert.False(agent.HasExited, $"The agent ended too early.{agent.Tail()}");
        }

        await gateway.SignalAsync("KILL");
        await gateway.WaitForExitAsync(Programs.Limit);
        await agent.WaitForLineAsync("the others carry on", Programs.Limit);
        long directBefore = direct.ArtifactBytes;
        await direct.WhenServed(directBefore + (1 << 20)).WaitAsync(Programs.Limit);
        (ChildProcess second, Uri ___) = await Programs.GatewayAsync(gatewayUrl.Port, directory, release, [replica]);
        await using ChildProcess ____ = second;

        Assert.True(await agent.WaitForExitAsync(Programs.Limit) == 0, agent.Tail() + second.Tail());
        await AssertIsReleaseAsync(release, directory.At("out"));
        Assert.True(await StormFigures.SentAsync(client, [gatewayUrl]) > 0, $"The gateway was not used again.{agent.Tail()}");
    }

    [Fact]
    public async Task Agent_TheGatewayIsKilledAndStaysAway_FinishesDirect()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 24 << 20, ChunkSizeBytes = ChunkBytes });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri replica) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(
            directory, release, [replica], "--max-rate-per-client", "1MiB");
        await using ChildProcess __ = gateway;
        await using FaultyProvider direct = new(release) { BytesPerSecond = 1_000_000 };
        using HttpClient client = new() { Timeout = Programs.Limit };
        await using ChildProcess agent = Programs.Boot(release, directory.At("out"), gatewayUrl, new Uri(direct.Url));
        while (await StormFigures.SentAsync(client, [gatewayUrl]) < 2 << 20)
        {
            Assert.False(agent.HasExited, $"The agent ended too early.{agent.Tail()}");
        }

        await gateway.SignalAsync("KILL");
        direct.BytesPerSecond = null;

        Assert.True(await agent.WaitForExitAsync(Programs.Limit) == 0, agent.Tail());
        await AssertIsReleaseAsync(release, directory.At("out"));
    }

    [Fact]
    public async Task Agent_TheGatewayHasNoRoom_FetchesDirectMeanwhile()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 24 << 20, ChunkSizeBytes = ChunkBytes });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri replica) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(
            directory, release, [replica], "--max-streams-per-client", "1", "--max-wait-seconds", "0", "--max-rate-per-client", "64KiB");
        await using ChildProcess __ = gateway;
        await using FaultyProvider direct = new(release);
        using HttpClient client = new() { Timeout = Programs.Limit };
        using HttpResponseMessage holder = await client.GetAsync(
            new Uri(gatewayUrl, "/rootfs"), HttpCompletionOption.ResponseHeadersRead); // The one download this address may have.

        await using ChildProcess agent = Programs.Boot(release, directory.At("out"), gatewayUrl, new Uri(direct.Url));

        Assert.True(await agent.WaitForExitAsync(Programs.Limit) == 0, agent.Tail());
        Assert.Contains(agent.Lines, line => line.Text.Contains("busy, asks to come back in", StringComparison.Ordinal)
            && line.Text.EndsWith("the others carry on", StringComparison.Ordinal));
        await AssertIsReleaseAsync(release, directory.At("out"));
    }

    private static async Task AssertIsReleaseAsync(TestRelease release, string output)
    {
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            await using FileStream file = File.OpenRead(Path.Combine(output, kind.Name()));
            byte[] hash = await System.Security.Cryptography.SHA256.HashDataAsync(file);
            Assert.Equal(release.Manifest.Artifacts[kind].Digest, new Sha256Digest(hash));
        }
    }
}
