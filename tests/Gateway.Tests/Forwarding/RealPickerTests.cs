using PhaseMesh.Gateway.Tests.Forwarding.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding;

/// <summary>The data path with the product's own choice of replica, which cools replicas down and lets them back.</summary>
public sealed class RealPickerTests
{
    private static readonly SceneOptions Options = new() { UsesRealPicker = true };

    [Theory]
    [InlineData(ProviderFault.ServerError)]
    [InlineData(ProviderFault.FlipsByte)]
    [InlineData(ProviderFault.Truncates)]
    [InlineData(ProviderFault.Resets)]
    [InlineData(ProviderFault.Stalls)]
    [InlineData(ProviderFault.Drips)]
    [InlineData(ProviderFault.Dies)]
    public async Task OneGoodReplicaOfThree_EveryDownloadIsWholeAndRight(ProviderFault fault)
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(Options, fault, ProviderFault.None, fault);
        foreach (FaultyProvider provider in scene.Providers)
        {
            provider.FaultAt = 400_000;
        }

        await scene.DownloadAllAsync(64);
    }

    [Fact]
    public async Task AllReplicasGoneThenOneReturns_DownloadsGoOn()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(Options, ProviderFault.None, ProviderFault.None);
        foreach (FaultyProvider provider in scene.Providers)
        {
            provider.BytesPerSecond = 4 << 20;
        }

        Task downloads = scene.DownloadAllAsync(64);
        await scene.Providers[0].WhenServed(256 * 1024).WaitAsync(ForwardingScene.Limit);
        await Task.WhenAll(scene.Providers.Select(provider => provider.StopAsync()));
        long faults = scene.Counters.Faults;
        await Eventually.IsAsync(() => scene.Counters.Faults >= faults + 3);
        scene.Providers[1].Restart();

        await downloads;
    }

    [Fact]
    public async Task SoleReplica_ThatFailsForAWhile_IsAskedAgain()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(Options, ProviderFault.Resets);
        scene.Providers[0].FaultAt = 700_000;
        Task downloads = scene.DownloadAllAsync(16, ArtifactKind.Rootfs);
        await Eventually.IsAsync(() => scene.Counters.Faults >= 3);
        scene.Providers[0].Fault = ProviderFault.None;

        await downloads;
    }
}
