using System.Net.Http.Json;
using System.Text.Json;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

public class BootThroughGatewayTests
{
    /// <summary>More than kernel and initramfs together: the rootfs is under way.</summary>
    private const long EnoughBytes = 2 << 20;

    [Fact]
    public async Task Agent_FetchesThroughTheGateway_WhileOneOfTwoProvidersIsKilledInMidBody()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = (192 << 20) + 77, ChunkSizeBytes = 1 << 20 });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess left, Uri leftUrl) = await Programs.ServeAsync(directory, "left");
        await using ChildProcess _ = left;
        (ChildProcess right, Uri rightUrl) = await Programs.ServeAsync(directory, "right");
        await using ChildProcess __ = right;
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(directory, release, [leftUrl, rightUrl]);
        await using ChildProcess ___ = gateway;
        using HttpClient client = new() { Timeout = Programs.Limit };
        await ProviderCountAsync(client, gatewayUrl, 2);

        // One client alone may well be served by one provider alone: whichever gives it bytes is the one that dies.
        await using ChildProcess agent = Programs.Boot(release, directory.At("out"), gatewayUrl);
        (ChildProcess Process, Uri Url)? doomed = null;
        while (doomed is null)
        {
            Assert.False(agent.HasExited, $"The agent ended before a provider had sent enough.{agent.Tail()}");
            doomed = await BytesSentAsync(client, leftUrl) > EnoughBytes ? (left, leftUrl)
                : await BytesSentAsync(client, rightUrl) > EnoughBytes ? (right, rightUrl)
                : null;
        }

        Uri otherUrl = doomed.Value.Process == left ? rightUrl : leftUrl;
        await doomed.Value.Process.SignalAsync("KILL");
        Assert.False(agent.HasExited, "The agent was done before the kill: nothing was shown.");
        int exitCode = await agent.WaitForExitAsync(Programs.Limit);

        Assert.True(exitCode == 0, agent.Tail() + gateway.Tail());
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            await using FileStream file = File.OpenRead(Path.Combine(directory.At("out"), kind.Name()));
            byte[] hash = await System.Security.Cryptography.SHA256.HashDataAsync(file);
            Assert.Equal(release.Manifest.Artifacts[kind].Digest, new Sha256Digest(hash));
        }

        Assert.True(await BytesSentAsync(client, otherUrl) > 0, "The other provider gave nothing: nothing was taken over.");
    }

    [Fact]
    public async Task Gateway_ToldToStop_FinishesTheDownloadAndExitsWithZero()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 32 << 20, ChunkSizeBytes = 1 << 20 });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri url) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(directory, release, [url]);
        await using ChildProcess __ = gateway;
        using HttpClient client = new() { Timeout = Programs.Limit };

        using HttpResponseMessage response = await client.GetAsync(
            new Uri(gatewayUrl, "/rootfs"), HttpCompletionOption.ResponseHeadersRead);
        await gateway.SignalAsync("TERM");
        await gateway.WaitForLineAsync("Stopping;", Programs.Limit);
        byte[] body = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal(release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, Sha256Digest.Compute(body));
        Assert.Equal(0, await gateway.WaitForExitAsync(Programs.Limit));
    }

    private static async Task<long> BytesSentAsync(HttpClient client, Uri provider) =>
        (await client.GetFromJsonAsync<JsonElement>(provider)).GetProperty("load").GetProperty("bytes_sent").GetInt64();

    private static async Task ProviderCountAsync(HttpClient client, Uri gateway, int count)
    {
        using CancellationTokenSource limit = new(Programs.Limit);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50));
        while ((await client.GetFromJsonAsync<JsonElement>(gateway, limit.Token)).GetProperty("providers").GetArrayLength() < count)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
