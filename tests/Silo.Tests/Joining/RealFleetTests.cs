using System.Net;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>A provider and a silo as they are, in one process, over loopback.</summary>
[Collection("Fleet")]
public sealed class RealFleetTests(FleetStorages storages)
{
    [Fact]
    public async Task Boot_WithItsTicket_ServesAndHasJoinedAndDrains()
    {
        const string BootId = "00112233445566778899aabbccddeeff";
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using Ed25519PrivateKey agent = Ed25519PrivateKey.Generate();
        FleetAnswer created = await fleet.As(agent).PostAsync(
            "/v1/boots", new { BootId, Channel = "stable", Arch = "x86_64", Mode = "internet" });
        created.Expect(HttpStatusCode.Created);

        await using ServingScene scene = await new ServingScene
        {
            Bind = "127.0.0.1",
            Fleet = new FleetMembershipOptions { Urls = [fleet.Url()], BootId = BootId, BootTicket = created["ticket"], Site = "fra1" },
        }.ServeAsync();
        string path = $"/v1/providers/{scene.Host.NodeKey.KeyId}";
        await UntilAsync(fleet, $"/v1/boots/{BootId}", "outcome", "joined");
        await UntilAsync(fleet, path, "state", "serving");

        FleetAnswer provider = (await fleet.As(null).GetAsync(path)).Expect(HttpStatusCode.OK);
        Assert.Equal(("fra1", "ticket", BootId), (provider["site"], provider["admission"], provider["admission_reference"]));
        Assert.Equal(3, provider.Json.GetProperty("replicas").GetArrayLength());
        Assert.Equal(scene.Host.NodeKey.KeyId, (await fleet.As(null).GetAsync($"/v1/boots/{BootId}"))["provider"]);
        await scene.Host.StopAsync();
        await UntilAsync(fleet, path, "state", "draining");
        Assert.DoesNotContain(scene.Log.Lines.Concat(fleet.Log.Lines), line => line.Text.Contains("pt1-", StringComparison.Ordinal));
    }

    private static Task UntilAsync(FleetScene fleet, string path, string name, string value) => Eventually.IsAsync(async () =>
    {
        FleetAnswer answer = await fleet.As(null).GetAsync(path);
        return answer.Status == HttpStatusCode.OK && answer[name] == value;
    }, $"{path} with {name} {value}");
}
