using System.Security.Cryptography;
using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>To the agent a gateway is one of its providers: it stripes over all of them, goes on without it, and uses it again.</summary>
public class GatewayAmongProvidersTests
{
    [Fact]
    public async Task Agent_TheGatewayIsKilledInMidTransferAndRestarted_GoesDirectMeanwhileAndUsesItAgain()
    {
        await using Scene scene = await Scene.StartAsync(rootfsMegabytes: 48, "--max-rate-per-client", "2MiB");
        // Slow enough that there is something left to do when the gateway is back, fast enough that the boot would end without it.
        scene.Direct.BytesPerSecond = 600_000;
        await using ChildProcess agent = scene.Boot();
        await Scene.WhileRunsAsync(agent, async () => await scene.SentAsync() < 3 << 20 || scene.Direct.ArtifactBytes < 1 << 20);

        await scene.KillGatewayAsync();
        await agent.WaitForLineAsync("the others carry on", Programs.Limit);
        long directBefore = scene.Direct.ArtifactBytes;
        await scene.Direct.WhenServed(directBefore + (1 << 20)).WaitAsync(Programs.Limit);
        await scene.RestartGatewayAsync();

        await scene.AssertBootsAsync(agent);
        Assert.True(await scene.SentAsync() > 0, $"The gateway was not used again.{agent.Tail()}");
    }

    [Fact]
    public async Task Agent_TheGatewayIsKilledAndStaysAway_FinishesDirect()
    {
        await using Scene scene = await Scene.StartAsync(rootfsMegabytes: 24, "--max-rate-per-client", "1MiB");
        scene.Direct.BytesPerSecond = 1_000_000;
        await using ChildProcess agent = scene.Boot();
        await Scene.WhileRunsAsync(agent, async () => await scene.SentAsync() < 2 << 20);

        await scene.KillGatewayAsync();
        scene.Direct.BytesPerSecond = null;

        await scene.AssertBootsAsync(agent);
    }

    [Fact]
    public async Task Agent_TheGatewayHasNoRoom_FetchesDirectMeanwhile()
    {
        await using Scene scene = await Scene.StartAsync(
            rootfsMegabytes: 24, "--max-streams-per-client", "1", "--max-wait-seconds", "0", "--max-rate-per-client", "64KiB");
        using HttpResponseMessage holder = await scene.Client.GetAsync(
            new Uri(scene.GatewayUrl, "/rootfs"), HttpCompletionOption.ResponseHeadersRead); // The one download this address may have.

        await using ChildProcess agent = scene.Boot();

        await scene.AssertBootsAsync(agent);
        Assert.Contains(agent.Lines, line => line.Text.Contains("busy, asks to come back in", StringComparison.Ordinal)
            && line.Text.EndsWith("the others carry on", StringComparison.Ordinal));
    }

    /// <summary>A gateway before a plasmd, and a provider beside it that an agent may go to directly.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly TestRelease _release;
        private readonly ReleaseDirectory _directory = new();
        private ChildProcess? _plasmd;
        private ChildProcess? _gateway;
        private Uri? _replica;

        private Scene(int rootfsMegabytes)
        {
            _release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = rootfsMegabytes << 20, ChunkSizeBytes = 256 * 1024 });
            _directory.Write(_release);
            Direct = new FaultyProvider(_release);
        }

        public FaultyProvider Direct { get; }

        public HttpClient Client { get; } = new() { Timeout = Programs.Limit };

        public Uri GatewayUrl { get; private set; } = null!;

        public static async Task<Scene> StartAsync(int rootfsMegabytes, params string[] settings)
        {
            Scene scene = new(rootfsMegabytes);
            (scene._plasmd, scene._replica) = await Programs.ServeAsync(scene._directory, "plasmd");
            (scene._gateway, scene.GatewayUrl) = await Programs.GatewayAsync(scene._directory, scene._release, [scene._replica], settings);
            return scene;
        }

        public ChildProcess Boot() => Programs.Boot(_release, _directory.At("out"), GatewayUrl, new Uri(Direct.Url));

        /// <summary>Bytes that the gateway sent since its start.</summary>
        public Task<long> SentAsync() => StormFigures.SentAsync(Client, [GatewayUrl]);

        public static async Task WhileRunsAsync(ChildProcess agent, Func<Task<bool>> isEarly)
        {
            while (await isEarly())
            {
                Assert.False(agent.HasExited, $"The agent ended too early.{agent.Tail()}");
            }
        }

        public async Task KillGatewayAsync()
        {
            await _gateway!.SignalAsync("KILL");
            await _gateway.WaitForExitAsync(Programs.Limit);
        }

        public async Task RestartGatewayAsync()
        {
            await _gateway!.DisposeAsync();
            (_gateway, _) = await Programs.GatewayAsync(GatewayUrl.Port, _directory, _release, [_replica!]);
        }

        public async Task AssertBootsAsync(ChildProcess agent)
        {
            Assert.True(await agent.WaitForExitAsync(Programs.Limit) == 0, agent.Tail() + _gateway!.Tail());
            foreach (ArtifactKind kind in ArtifactKinds.All)
            {
                await using FileStream file = File.OpenRead(Path.Combine(_directory.At("out"), kind.Name()));
                Assert.Equal(_release.Manifest.Artifacts[kind].Digest, new Sha256Digest(await SHA256.HashDataAsync(file)));
            }
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await (_gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_plasmd?.DisposeAsync() ?? ValueTask.CompletedTask);
            await Direct.DisposeAsync();
            _directory.Dispose();
            _release.Dispose();
        }
    }
}
