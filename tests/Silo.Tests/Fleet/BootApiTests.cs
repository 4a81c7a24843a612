using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>Boots, from the first call to joined.</summary>
[Collection("Fleet")]
public sealed class BootApiTests(FleetStorages storages)
{
    [Theory]
    [OnEachDatabase]
    public async Task Boot_FromCreatedToJoined_ShowsEachPhase(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database, silos: 2);
        using var agent = Ed25519PrivateKey.Generate();
        string id = NewBootId();

        FleetAnswer created = (await scene.As(agent).PostAsync("/v1/boots", Boot(id))).Expect(HttpStatusCode.Created);
        Assert.StartsWith($"pt1-{id}-", created["ticket"], StringComparison.Ordinal);
        Assert.Null(created["current"]);
        foreach (string phase in new[] { "discovered", "manifest", "fetching", "verified", "kexec" })
        {
            FleetAnswer told = await scene.As(agent, silo: 1).PostAsync($"/v1/boots/{id}/events", new[] { Event(phase) });
            Assert.Equal(phase, told.Expect(HttpStatusCode.OK)["phase"]);
        }

        FleetAnswer early = await scene.As(agent).PostAsync($"/v1/boots/{id}/events", new[] { Event("joined") });
        early.Expect(HttpStatusCode.Forbidden, "not-allowed");
        FleetAnswer enrolled = await scene.As(scene.Node).PostAsync("/v1/providers", Enrolment(scene.Node, created["ticket"]));
        Assert.Equal("joining", enrolled.Expect(HttpStatusCode.OK)["state"]);
        FleetAnswer beat = await scene.As(scene.Node, silo: 1).PutAsync(
            $"/v1/providers/{scene.Node.PublicKey.KeyId}/heartbeat", new { load = new { requests_in_flight = 1 }, health = "ok" });
        Assert.Equal("serving", beat.Expect(HttpStatusCode.OK)["state"]);
        (await scene.As(scene.Node).PostAsync($"/v1/boots/{id}/events", new[] { Event("joined") })).Expect(HttpStatusCode.OK);

        FleetAnswer shown = (await scene.As(null).GetAsync($"/v1/boots/{id}")).Expect(HttpStatusCode.OK);
        Assert.Equal("joined", shown["outcome"]);
        Assert.Equal(scene.Node.PublicKey.KeyId, shown["provider"]);
        Assert.Equal(
            ["created", "discovered", "manifest", "fetching", "verified", "kexec", "joined"],
            shown.Json.GetProperty("phases").EnumerateArray().Select(phase => phase.GetProperty("phase").GetString()));
        FleetAnswer listed = await scene.As(null).GetAsync("/v1/boots?state=joined&channel=stable&arch=amd64&limit=5");
        Assert.Equal(id, Assert.Single(listed.Json.GetProperty("boots").EnumerateArray()).GetProperty("boot_id").GetString());
        FleetAnswer counts = await scene.As(null).GetAsync("/v1/boots/counts");
        Assert.Equal(1, counts.Json.GetProperty("by_outcome").GetProperty("joined").GetInt32());
    }

    internal static string NewBootId() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    internal static object Boot(string id, string channel = "stable", string? machine = "m1") =>
        new { boot_id = id, machine_id = machine, channel, arch = "x86_64", mode = "internet" };

    internal static object Event(string phase) => phase switch
    {
        "fetching" => new
        {
            phase,
            at = Now(),
            bytes_fetched = 10L,
            bytes_total = 100L,
            bytes_per_second = 5L,
            from = new[] { "http://10.0.0.1:8080/" }
        },
        "failed" => new { phase, at = Now(), reason = "no_provider", detail = "nobody answered" },
        _ => (object)new { phase, at = Now() },
    };

    internal static object Enrolment(Ed25519PrivateKey node, string? ticket = null, string? token = null, string[]? replicas = null,
        string? url = null) => new
        {
            key = node.PublicKey.KeyId,
            arch = "x86_64",
            urls = new[] { url ?? "http://127.0.0.1:8080/" },
            addresses = new[] { "/ip4/127.0.0.1/tcp/4001" },
            capabilities = new[] { "site.hall-1", "rack.r7" },
            replicas = replicas ?? [],
            ticket,
            token,
        };

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();
}
