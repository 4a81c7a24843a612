using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Gateway.Tests.Forwarding.Support;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding;

/// <summary>
/// 64 downloads at once while replicas fail in every way: none fails, and no client ever sees a byte that isn't the artifact's.
/// </summary>
public sealed class ReplicaFaultTests
{
    private const int Clients = 64;
    private const long Middle = (3 << 20) + 4321;

    [Theory]
    [InlineData(ProviderFault.NotFound, ReplicaFault.WrongStatus)]
    [InlineData(ProviderFault.ServerError, ReplicaFault.WrongStatus)]
    [InlineData(ProviderFault.RedirectLoop, ReplicaFault.WrongStatus)]
    [InlineData(ProviderFault.SlowHeaders, ReplicaFault.Stalled)]
    [InlineData(ProviderFault.HugeHeaders, ReplicaFault.WrongStatus)]
    [InlineData(ProviderFault.Gibberish, ReplicaFault.WrongStatus)]
    [InlineData(ProviderFault.FlipsByte, ReplicaFault.WrongBytes)]
    [InlineData(ProviderFault.Truncates, ReplicaFault.Truncated)]
    [InlineData(ProviderFault.Resets, ReplicaFault.Reset)]
    [InlineData(ProviderFault.ShortFile, null)]
    [InlineData(ProviderFault.TooMuch, ReplicaFault.Overlong)]
    [InlineData(ProviderFault.TooMuchUnannounced, ReplicaFault.Overlong)]
    [InlineData(ProviderFault.Stalls, ReplicaFault.Stalled)]
    [InlineData(ProviderFault.Drips, ReplicaFault.Stalled)]
    [InlineData(ProviderFault.WrongContentRange, ReplicaFault.WrongRange)]
    [InlineData(ProviderFault.IgnoresRanges, ReplicaFault.WrongRange)]
    [InlineData(ProviderFault.Compresses, ReplicaFault.WrongStatus)]
    [InlineData(ProviderFault.Dies, null)]
    public async Task OneGoodReplicaOfThree_EveryDownloadIsWholeAndRight(ProviderFault fault, object? expected)
    {
        // Without hedges, so that the watchdog alone has to find out.
        SceneOptions options = new();
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            options with { Forwarding = options.Forwarding with { HedgeShare = 0 } }, fault, ProviderFault.None, fault);
        foreach (FaultyProvider provider in scene.Providers)
        {
            provider.FaultAt = fault is ProviderFault.Dies ? 500_000 : Middle; // Of what it sends in all, not of the artifact.
        }

        await scene.DownloadAllAsync(Clients);

        Assert.NotEmpty(scene.Picker.Faults);
        Assert.DoesNotContain(scene.Picker.Faults, each => each.Provider == ForwardingScene.IdOf(1));
        if (expected is not null)
        {
            Assert.Contains(scene.Picker.Faults, each => each.Fault == (ReplicaFault)expected);
        }

        await Eventually.IsAsync(() => scene.Picker.InFlight == 0);
    }

    [Fact]
    public async Task Liar_IsReportedWithProofAndNeverAskedAgain()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.FlipsByte, ProviderFault.None);
        scene.Providers[0].FaultAt = Middle;
        scene.Picker.Favourite = ForwardingScene.IdOf(0);

        await scene.DownloadAllAsync(Clients);

        ManifestArtifact rootfs = scene.Release.Manifest.Artifacts[ArtifactKind.Rootfs];
        int index = (int)(Middle / rootfs.Chunks!.ChunkSizeBytes);
        (long offset, int length) = rootfs.Chunks.RangeOf(index);
        byte[] lie = new byte[length];
        scene.Release.Contents[ArtifactKind.Rootfs].Read(offset, lie);
        lie[Middle - offset] ^= 0x10;
        Misbehaviour proof = Assert.Single(scene.Reporter.Proofs);
        Assert.Equal(ForwardingScene.IdOf(0), proof.ProviderId);
        Assert.Equal((rootfs.Digest, offset, length), (proof.Artifact, proof.Offset, proof.LengthBytes));
        Assert.Equal(rootfs.Chunks[index], proof.Expected);
        Assert.Equal(Sha256Digest.Compute(lie), proof.Actual);
    }

    [Fact]
    public async Task OnlyALiar_ClientsGetRightBytesUpToTheLieAndNoneAfter()
    {
        SceneOptions options = new();
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            options with { Forwarding = options.Forwarding with { Patience = TimeSpan.FromMilliseconds(500) } }, ProviderFault.FlipsByte);
        scene.Providers[0].FaultAt = Middle;

        Task<long[]> downloads = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => scene.DownloadAsync(ArtifactKind.Rootfs)));
        long[] got = await downloads.WaitAsync(ForwardingScene.Limit);

        Assert.All(got, count => Assert.InRange(count, 0, Middle));
    }

    [Fact]
    public async Task MixOfTwoReplicas_OneOfWhichLies_IsTakenApart()
    {
        // The first sends a wrong byte and then breaks off within the same chunk; the second, honest, must not be blamed for the sum.
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { Release = new TestReleaseOptions { RootfsBytes = 4 << 20, ChunkSizeBytes = 4 << 20 } },
            ProviderFault.None, ProviderFault.None);
        await using HalfLiar half = HalfLiar.Start(scene.Release.Contents[ArtifactKind.Rootfs], lieAt: 5, breakAt: 1 << 20);
        scene.Directory.Current = scene.Directory.Current with
        {
            Replicas = scene.Directory.Current.Replicas.ToDictionary(
                each => each.Key,
                each => (IReadOnlyList<Directory.ReplicaEndpoint>)
                    [each.Value[0] with { ProviderId = "half", BaseUrl = half.Url }, each.Value[1]]),
        };
        scene.Picker.Favourite = "half";

        await scene.DownloadAllAsync(4);

        Assert.DoesNotContain(scene.Picker.Faults, each => each.Provider != "half");
        Assert.DoesNotContain(scene.Reporter.Proofs, proof => proof.ProviderId != "half");
        Assert.True(scene.Counters.WrongChunks >= 1);
    }

    [Fact]
    public async Task AllReplicasGoneThenOneReturns_DownloadsGoOn()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.None, ProviderFault.None);
        foreach (FaultyProvider provider in scene.Providers)
        {
            provider.BytesPerSecond = 4 << 20;
        }

        Task downloads = scene.DownloadAllAsync(Clients);
        await scene.Providers[0].WhenServed(512 * 1024).WaitAsync(ForwardingScene.Limit);
        await Task.WhenAll(scene.Providers.Select(provider => provider.StopAsync()));
        await Eventually.IsAsync(
            () => scene.Picker.Faults.Count(each => each.Fault is ReplicaFault.ConnectFailed) >= 2);
        scene.Providers[1].Restart();

        await downloads;
    }

    [Fact]
    public async Task ReplicaJoinsWhileDownloadsWait_TheyGoOn()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.ServerError);
        Task downloads = scene.DownloadAllAsync(Clients);
        await Eventually.IsAsync(() => !scene.Picker.Faults.IsEmpty);
        scene.Add();

        await downloads;
    }

    [Fact]
    public async Task SoleReplicaSlowerThanTheWatchdog_StillDelivers()
    {
        // Each attempt is cut as stalled, and each goes on where the one before was cut.
        SceneOptions options = new() { Release = new TestReleaseOptions { RootfsBytes = 0, KernelBytes = 150_000 } };
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            options with { Forwarding = options.Forwarding with { ProgressInterval = TimeSpan.FromMilliseconds(200) } },
            ProviderFault.None);
        scene.Providers[0].BytesPerSecond = 120_000;

        Assert.Equal(150_000, await scene.DownloadAsync(ArtifactKind.Kernel).WaitAsync(ForwardingScene.Limit));
        Assert.Contains(scene.Picker.Faults, each => each.Fault is ReplicaFault.Stalled);
    }
}
