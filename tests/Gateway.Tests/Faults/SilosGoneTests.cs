using System.Net.Http.Json;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>
/// A gateway that knows its providers from silos alone goes on when the silos and their database are gone at once, and when it is itself
/// started anew after that. All real processes, with 64 downloads in mid-body.
/// </summary>
[Collection(StormTurns.Name)]
public sealed class SilosGoneTests(FaultRelease release) : IClassFixture<FaultRelease>
{
    private const int Clients = 64;

    [Fact]
    public async Task SilosAndDatabaseKilled_DownloadsGoOn_AndNewOnesAreServed_AlsoAfterARestart()
    {
        using ReleaseDirectory state = new();
        await using SiloFleet fleet = await SiloFleet.StartAsync(release, state, "silo1", "silo2");
        await fleet.JoinAsync("left");
        await fleet.JoinAsync("right");
        string[] settings = [.. fleet.GatewaySettings, "--memory", "16MiB", "--max-streams-per-client", "256"];
        (ChildProcess first, Uri url) = await Programs.GatewayAsync(state, release.Release, [], settings);
        await using ChildProcess gateway = first;
        using HttpClient client = new() { Timeout = Programs.Limit };
        await StormFigures.ProviderCountAsync(client, url, 2);
        using PacedDownloads downloads = new(new Uri(url, "/rootfs"), release.Rootfs, Clients, pauseAt: 1 << 20);
        await downloads.AllPausedAsync();

        await FaultScene.KillAsync(fleet.Silos.Select(silo => silo.Console));
        await fleet.Database.KillAsync();
        downloads.GoOn();

        Assert.All(await downloads.Ended.WaitAsync(Programs.Limit), cuts => Assert.Equal(0, cuts));
        await AssertServesAsync(client, url);

        await FaultScene.KillAsync(gateway);
        await using ChildProcess second = (await Programs.GatewayAsync(url.Port, state, release.Release, [], settings)).Process;
        await AssertServesAsync(client, url);
    }

    private async Task AssertServesAsync(HttpClient client, Uri url)
    {
        JsonElement ready = await client.GetFromJsonAsync<JsonElement>(new Uri(url, "/readyz"));
        Assert.True(ready.GetProperty("ready").GetBoolean());
        byte[] rootfs = await client.GetByteArrayAsync(new Uri(url, "/rootfs"));
        Assert.Equal(release.Release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, Sha256Digest.Compute(rootfs));
    }
}
