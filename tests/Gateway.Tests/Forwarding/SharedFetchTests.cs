using System.Net.Sockets;
using System.Text;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Tests.Forwarding.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding;

/// <summary>Many clients, one fetch; and none of them holds another up.</summary>
public sealed class SharedFetchTests
{
    [Theory]
    [InlineData(BodyTransport.Best)]
    [InlineData(BodyTransport.Portable)]
    public async Task SixtyFourClientsAtOnce_TheReplicaIsReadOnce(BodyTransport transport)
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { BodyTransport = transport }, ProviderFault.None);

        await scene.DownloadAllAsync(64);

        Assert.Equal(scene.SizeOf(ArtifactKind.Rootfs), scene.Providers[0].ArtifactBytes);
        Assert.Equal(scene.SizeOf(ArtifactKind.Rootfs), scene.Counters.UpstreamBytes);
    }

    [Fact]
    public async Task OneClientAlone_AsksForManyChunksAtOnce()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { Release = new TestReleaseOptions { RootfsBytes = 32 << 20 } }, ProviderFault.None);

        await scene.DownloadAllAsync(1);

        int chunks = scene.Release.Manifest.Artifacts[ArtifactKind.Rootfs].Chunks!.Count;
        Assert.True(scene.Counters.UpstreamRequests < chunks / 8, $"{scene.Counters.UpstreamRequests} requests for {chunks} chunks.");
    }

    [Fact]
    public async Task ClientThatReadsNothing_HoldsNeitherOthersNorMemory()
    {
        const int memoryBytes = 2 << 20;
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions
            {
                Release = new TestReleaseOptions { RootfsBytes = 24 << 20 },
                Chunks = new ChunkStoreOptions { MemoryBytes = memoryBytes },
            },
            ProviderFault.None);
        List<Socket> stuck = [];
        for (int index = 0; index < 32; index++)
        {
            Socket socket = await scene.ConnectAsync(receiveBufferBytes: 4096);
            await socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET /blobs/{scene.DigestOf(ArtifactKind.Rootfs)} HTTP/1.1\r\nHost: a\r\nRange: bytes={index * 700_000}-\r\n\r\n"));
            byte[] first = new byte[1];
            Assert.Equal(1, await socket.ReceiveAsync(first));
            stuck.Add(socket);
        }

        await scene.DownloadAllAsync(8);

        Assert.InRange(scene.Store.UsedBytes, 0, memoryBytes);
        Assert.True(scene.Counters.Evictions > 0);
        stuck.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task StoreSmallerThanWhatIsAskedFor_EveryByteIsRight()
    {
        const int memoryBytes = 1 << 20;
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions
            {
                Release = new TestReleaseOptions { RootfsBytes = 8 << 20 },
                Chunks = new ChunkStoreOptions { MemoryBytes = memoryBytes },
            },
            ProviderFault.None, ProviderFault.None);
        using CancellationTokenSource done = new();
        long most = 0;
        Task watching = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                most = Math.Max(most, scene.Store.UsedBytes);
                await Task.Yield();
            }
        });

        long[] got = await Task.WhenAll(Enumerable.Range(0, 24).Select(index =>
            Task.Run(() => scene.DownloadAsync(ArtifactKind.Rootfs, from: index * 300_000L)))).WaitAsync(ForwardingScene.Limit);
        await done.CancelAsync();
        await watching;

        Assert.Equal(Enumerable.Range(0, 24).Select(index => (8L << 20) - (index * 300_000L)), got);
        Assert.InRange(most, 1, memoryBytes);
    }

    [Fact]
    public async Task ClientsThatGoAway_EndTheFetchesNobodyElseWants()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.None);
        scene.Providers[0].BytesPerSecond = 1 << 20;
        Socket socket = await scene.ConnectAsync(receiveBufferBytes: 4096);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1]));
        socket.Dispose();

        await Eventually.IsAsync(() => scene.Picker.InFlight == 0);
        Assert.True(scene.Providers[0].ArtifactBytes < scene.SizeOf(ArtifactKind.Rootfs));
        scene.Providers[0].BytesPerSecond = null;
        await scene.DownloadAllAsync(4);
    }

    [Fact]
    public async Task SlowReplica_IsHedgedWithinTheBudgetOfDuplicateBytes()
    {
        SceneOptions options = new();
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            options with { Forwarding = options.Forwarding with { ProgressInterval = TimeSpan.FromMinutes(1) } },
            ProviderFault.None, ProviderFault.None);
        scene.Providers[0].BytesPerSecond = 8_000;
        scene.Picker.Favourite = ForwardingScene.IdOf(0);

        await scene.DownloadAllAsync(4);

        // Without hedges, or the watchdog, this would have taken minutes.
        Assert.True(scene.Counters.HedgesWon > 0);
        Assert.InRange(scene.Counters.DuplicateBytes, 0, (4 << 20) + (long)(0.05 * scene.Counters.VerifiedBytes));
    }

    [Fact]
    public async Task WithoutChunkDigests_TheWholeIsVerifiedBeforeItsFirstByteLeaves()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { Release = new TestReleaseOptions { RootfsBytes = 3_000_000, ChunkSizeBytes = null } },
            ProviderFault.FlipsByte, ProviderFault.None);
        scene.Providers[0].FaultAt = 2_999_999;
        scene.Picker.Favourite = ForwardingScene.IdOf(0);

        await scene.DownloadAllAsync(16);

        Assert.Single(scene.Reporter.Proofs);
    }
}
