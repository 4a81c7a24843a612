using System.Text.Json.Nodes;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>
/// A provider of the fleet whose address gives wrong bytes: the gateway that got some tells a silo, which looks for itself and quarantines
/// it; another gateway then asks it for nothing, until an operator releases it.
/// </summary>
[Collection(StormTurns.Name)]
public sealed class LiarQuarantinedTests(FaultRelease release) : IClassFixture<FaultRelease>
{
    [Fact]
    public async Task Liar_FoundOutByOneGateway_IsAskedByNoOther_UntilItIsReleased()
    {
        using ReleaseDirectory state = new();
        using ReleaseDirectory stateOfSecond = new();
        await using FaultyProvider liar = new(release.Release, ProviderFault.FlipsByte) { FaultAt = 5 << 20, StatusKey = "" };
        await using SiloFleet fleet = await SiloFleet.StartAsync(release, state, "silo");
        await fleet.JoinAsync("honest");
        await fleet.JoinAsync("liar", ("PLASM_DHT_ANNOUNCE", liar.Url));
        string key = (string)(await ProviderAsync(fleet, liar))["key"]!;
        using HttpClient client = new() { Timeout = Programs.Limit };
        string[] settings = [.. fleet.GatewaySettings, "--memory", "16MiB"];
        (ChildProcess first, Uri url) = await Programs.GatewayAsync(state, release.Release, [], settings);
        await using ChildProcess _ = first;
        await StormFigures.ProviderCountAsync(client, url, 2);

        // Until it has been asked for the chunk it lies about; every download is right.
        await Eventually.IsAsync(async () =>
        {
            await AssertDownloadsAsync(client, url);
            return (string)(await ProviderAsync(fleet, liar))["state"]! == "quarantined";
        });

        Assert.Contains(first.Lines, line => line.Text.Contains($"The silos were told that {key} sends wrong bytes", StringComparison.Ordinal));
        (ChildProcess second, Uri urlOfSecond) = await Programs.GatewayAsync(stateOfSecond, release.Release, [], settings);
        await using ChildProcess __ = second;
        long asked = liar.ArtifactBytes;
        await AssertDownloadsAsync(client, urlOfSecond);
        Assert.Equal(asked, liar.ArtifactBytes);

        liar.Fault = ProviderFault.None;
        await fleet.OperateAsync("provider", "release", key);
        await Eventually.IsAsync(async () =>
        {
            await AssertDownloadsAsync(client, urlOfSecond);
            return liar.ArtifactBytes > asked;
        });
    }

    private static async Task<JsonNode> ProviderAsync(SiloFleet fleet, FaultyProvider provider) =>
        (await fleet.OperateAsync("provider", "list", "--json"))!.AsArray()
            .Single(each => each!["urls"]!.AsArray().Any(url => new Uri((string)url!) == new Uri(provider.Url)))!;

    private async Task AssertDownloadsAsync(HttpClient client, Uri url)
    {
        byte[] rootfs = await client.GetByteArrayAsync(new Uri(url, "/rootfs"));
        Assert.Equal(release.Release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, Sha256Digest.Compute(rootfs));
    }
}
