using System.Net;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>Releases by the API.</summary>
[Collection("Fleet")]
public sealed class ChannelApiTests(FleetStorages storages)
{
    [Theory]
    [OnEachDatabase]
    public async Task Channel_PublishStagePromoteRollBack_ShowsEachStep(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database, silos: 2);
        FleetCaller at0 = scene.As(scene.Operator);
        FleetCaller at1 = scene.As(scene.Operator, silo: 1);
        byte[] first = FleetReleases.Bytes(FleetReleases.Manifest(1));

        (await at0.GetAsync("/v1/channels/stable/x86_64")).Expect(HttpStatusCode.NotFound, "not-found");
        FleetAnswer published = (await at0.PostAsync("/v1/channels/stable/x86_64/publish", first)).Expect(HttpStatusCode.Created);
        Assert.Equal("published", published["origin"]);
        FleetAnswer bytes = await scene.As(null, silo: 1).GetAsync($"/v1/manifests/{published["manifest"]}");
        Assert.Equal(first, System.Text.Encoding.UTF8.GetBytes(bytes.Expect(HttpStatusCode.OK).Text));

        (await at1.PostAsync("/v1/channels/testing/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(7, "testing", "v2"))))
            .Expect(HttpStatusCode.Created);
        FleetAnswer promoted = await at0.PostAsync(
            "/v1/channels/stable/x86_64/promote?from=testing&percent=0", FleetReleases.Bytes(FleetReleases.Manifest(8, "stable", "v2")));
        Assert.Equal("promoted", promoted.Expect(HttpStatusCode.Created)["origin"]);
        Assert.Equal("1", (await at0.GetAsync("/v1/channels/stable/x86_64/assignment?machine=m1"))["release"]);
        FleetAnswer rollout = await at0.PutAsync("/v1/channels/stable/amd64/rollout", new { percent = 100 });
        Assert.Equal("100", rollout.Expect(HttpStatusCode.OK)["percent"]);
        Assert.Equal("8", (await at0.GetAsync("/v1/channels/stable/x86_64/assignment"))["release"]);

        FleetAnswer back = await at0.PostAsync("/v1/channels/stable/x86_64/rollback", FleetReleases.Bytes(FleetReleases.Manifest(9)));
        Assert.Equal("rolled_back", back.Expect(HttpStatusCode.Created)["origin"]);
        FleetAnswer history = await at0.GetAsync("/v1/channels/stable/x86_64/history");
        Assert.Equal([9, 8, 1], history.Json.GetProperty("releases").EnumerateArray()
            .Select(release => release.GetProperty("release").GetInt64()));
        Assert.Equal(2, (await at0.GetAsync("/v1/channels")).Json.GetProperty("channels").GetArrayLength());
        FleetAnswer artifacts = await at0.GetAsync("/v1/artifacts?under_replicated=true");
        Assert.Equal(4, artifacts.Json.GetProperty("artifacts").GetArrayLength());
        FleetAnswer artifact = await at0.GetAsync($"/v1/artifacts/{FleetReleases.Digest("v1-kernel")}");
        Assert.Equal("kernel", artifact.Json.GetProperty("artifact").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Publish_BadManifests_AreRefusedWithTheirSlugs()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        using var stranger = Ed25519PrivateKey.Generate();
        FleetCaller caller = scene.As(scene.Operator);
        (await caller.PostAsync("/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(5))))
            .Expect(HttpStatusCode.Created);

        await RefusesAsync("publish", [], HttpStatusCode.BadRequest, "manifest-malformed");
        await RefusesAsync("publish", "{\"a\":1}"u8.ToArray(), HttpStatusCode.BadRequest, "manifest-malformed");
        await RefusesAsync("publish", Of(6, key: stranger), HttpStatusCode.Forbidden, "manifest-not-trusted");
        await RefusesAsync("publish", Of(6, channel: "testing"), HttpStatusCode.Conflict, "manifest-of-other-channel");
        await RefusesAsync("publish", Of(4, artifacts: "v2"), HttpStatusCode.Conflict, "release-not-newer");
        await RefusesAsync("publish?percent=101", Of(6), HttpStatusCode.BadRequest, "invalid");
        await RefusesAsync("promote?from=testing", Of(6), HttpStatusCode.NotFound, "not-found");
        await RefusesAsync("promote", Of(6), HttpStatusCode.BadRequest, "invalid");
        await RefusesAsync("rollback", Of(6, artifacts: "v3"), HttpStatusCode.Conflict, "artifacts-differ");
        await RefusesAsync("publish", new byte[(1 << 20) + 1], HttpStatusCode.RequestEntityTooLarge, "too-large");
        (await caller.PutAsync("/v1/channels/stable/x86_64/rollout", new { percent = 101 })).Expect(HttpStatusCode.BadRequest, "invalid");
        (await caller.PutAsync("/v1/channels/stable/x86_64/trust", new { keys = new[] { "no key" } }))
            .Expect(HttpStatusCode.BadRequest, "invalid");
        (await caller.PutAsync("/v1/channels/stable/x86_64/trust", new { keys = new[] { stranger.PublicKey.KeyId } }))
            .Expect(HttpStatusCode.OK);
        (await caller.PostAsync("/v1/channels/stable/x86_64/publish", Of(6, key: stranger))).Expect(HttpStatusCode.Created);

        async Task RefusesAsync(string action, byte[] body, HttpStatusCode status, string slug) =>
            (await caller.PostAsync($"/v1/channels/stable/x86_64/{action}", body)).Expect(status, slug);

        static byte[] Of(long release, string channel = "stable", string artifacts = "v1", Ed25519PrivateKey? key = null) =>
            FleetReleases.Bytes(FleetReleases.Manifest(release, channel, artifacts, key));
    }

    [Fact]
    public async Task Snapshot_HasReleasesAndProviders_AndLongPollWaitsForTheNext()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        FleetCaller caller = scene.As(scene.Operator);
        await caller.PostAsync("/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(1)));
        await caller.PutAsync("/v1/fleet/policy", new { policy = "open" });
        await scene.As(scene.Node)
            .PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node, replicas: [$"{FleetReleases.Digest("v1-kernel")}"]));
        string key = scene.Node.PublicKey.KeyId;
        await scene.As(scene.Node).PutAsync($"/v1/providers/{key}/heartbeat", new { health = "ok" });
        await caller.PutAsync($"/v1/providers/{key}/weight", new { weight = 2.5 });

        FleetAnswer snapshot = await UntilAsync(scene, known => known.Json.GetProperty("providers").GetArrayLength() == 1);
        JsonElement provider = snapshot.Json.GetProperty("providers")[0];
        Assert.Equal(("hall-1", "r7", 2.5, "serving"), (provider.GetProperty("site").GetString(), provider.GetProperty("rack").GetString(),
            provider.GetProperty("weight").GetDouble(), provider.GetProperty("state").GetString()));
        JsonElement release = Assert.Single(snapshot.Json.GetProperty("releases").EnumerateArray());
        Assert.Equal(FleetReleases.Bytes(FleetReleases.Manifest(1)), release.GetProperty("manifest_base64").GetBytesFromBase64());

        string tag = snapshot.Headers.ETag!.Tag;
        Assert.Equal(HttpStatusCode.NotModified, (await ConditionalAsync(scene, "/v1/snapshot", tag)).Status);
        Task<FleetAnswer> waiting = ConditionalAsync(scene, "/v1/snapshot?wait=60", tag);
        await caller.PostAsync($"/v1/providers/{key}/drain", null);
        FleetAnswer next = (await waiting).Expect(HttpStatusCode.OK);
        Assert.Equal("draining", next.Json.GetProperty("providers")[0].GetProperty("state").GetString());
        Assert.True(next.Json.GetProperty("version").GetInt64() > snapshot.Json.GetProperty("version").GetInt64());
        (await caller.GetAsync("/v1/snapshot?wait=61")).Expect(HttpStatusCode.BadRequest, "invalid");
    }

    private static Task<FleetAnswer> ConditionalAsync(FleetScene scene, string path, string tag)
    {
        HttpRequestMessage request = scene.As(null).Request(HttpMethod.Get, path, null);
        request.Headers.IfNoneMatch.ParseAdd(tag);
        return FleetCaller.SendAsync(request);
    }

    /// <summary>A snapshot is up to a second old.</summary>
    private static async Task<FleetAnswer> UntilAsync(FleetScene scene, Func<FleetAnswer, bool> condition)
    {
        FleetAnswer answer = await scene.As(null).GetAsync("/v1/snapshot");
        while (!condition(answer) || answer.Json.GetProperty("providers")[0].GetProperty("weight").GetDouble() < 2)
        {
            answer = await ConditionalAsync(scene, "/v1/snapshot?wait=30", answer.Headers.ETag!.Tag);
        }

        return answer;
    }
}
