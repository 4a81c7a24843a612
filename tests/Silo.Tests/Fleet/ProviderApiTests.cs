using System.Net;
using System.Text;
using System.Text.Json;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Commands;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>Admission, heartbeats, what operators do, and providers that lie.</summary>
[Collection("Fleet")]
public sealed class ProviderApiTests(FleetStorages storages)
{
    [Theory]
    [OnEachDatabase]
    public async Task Admission_EachPolicy_LetsInWhomItSays(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database);
        FleetCaller op = scene.As(scene.Operator);

        (await EnrolAsync(scene)).Answer.Expect(HttpStatusCode.Forbidden, "not-admitted");
        FleetAnswer token = (await op.PostAsync("/v1/fleet/tokens", new { name = "rack 7", max_uses = 1 })).Expect(HttpStatusCode.Created);
        (await EnrolAsync(scene, token: token["token"])).Answer.Expect(HttpStatusCode.OK);
        (await EnrolAsync(scene, token: token["token"])).Answer.Expect(HttpStatusCode.Forbidden, "not-admitted");
        (await EnrolAsync(scene, token: "pj1-x")).Answer.Expect(HttpStatusCode.Forbidden, "not-admitted");
        (await EnrolAsync(scene, ticket: "pt1-x")).Answer.Expect(HttpStatusCode.Forbidden, "not-admitted");
        Assert.Equal(1, (await op.GetAsync("/v1/fleet/tokens")).Json.GetProperty("tokens").GetArrayLength());
        (await op.DeleteAsync($"/v1/fleet/tokens/{token["id"]}")).Expect(HttpStatusCode.NoContent);

        (await op.PutAsync("/v1/fleet/policy", new { policy = "approve" })).Expect(HttpStatusCode.OK);
        (FleetAnswer waits, string key) = await EnrolAsync(scene);
        Assert.Equal("joining", waits.Expect(HttpStatusCode.OK)["state"]);
        FleetAnswer waiting = await op.GetAsync("/v1/providers?awaits_approval=true");
        Assert.Equal(key, Assert.Single(waiting.Json.GetProperty("providers").EnumerateArray()).GetProperty("key").GetString());
        Assert.Equal("False", (await op.PostAsync($"/v1/providers/{key}/approve", null)).Expect(HttpStatusCode.OK)["awaits_approval"]);

        (await op.PutAsync("/v1/fleet/policy", new { policy = "open" })).Expect(HttpStatusCode.OK);
        (await EnrolAsync(scene)).Answer.Expect(HttpStatusCode.OK);
        (await op.PutAsync("/v1/fleet/policy", new { policy = "everyone" })).Expect(HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task Provider_DrainQuarantineRelease_FollowTheOperator()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        FleetCaller op = scene.As(scene.Operator);
        await op.PutAsync("/v1/fleet/policy", new { policy = "open" });
        string path = $"/v1/providers/{scene.Node.PublicKey.KeyId}";
        (await op.GetAsync(path)).Expect(HttpStatusCode.NotFound, "not-found");
        (await scene.As(scene.Node).PutAsync($"{path}/heartbeat", new { })).Expect(HttpStatusCode.Conflict, "enrol-again");
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node))).Expect(HttpStatusCode.OK);

        Assert.Equal("draining", (await op.PostAsync($"{path}/drain", null)).Expect(HttpStatusCode.OK)["state"]);
        Assert.Equal("joining", (await op.PostAsync($"{path}/release", null)).Expect(HttpStatusCode.OK)["state"]);
        Assert.Equal("draining", (await scene.As(scene.Node).PostAsync($"{path}/drain", null)).Expect(HttpStatusCode.OK)["state"]);
        Assert.Equal("quarantined", (await op.PostAsync($"{path}/quarantine", new { reason = "disk" })).Expect(HttpStatusCode.OK)["state"]);
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node)))
            .Expect(HttpStatusCode.Forbidden, "quarantined");
        (await op.PutAsync($"{path}/weight", new { weight = 101 })).Expect(HttpStatusCode.BadRequest, "invalid");
        FleetAnswer shown = await op.GetAsync(path);
        Assert.StartsWith("12D3KooW", shown["peer_id"], StringComparison.Ordinal);
        Assert.Contains("disk", shown["reason"], StringComparison.Ordinal);
        Assert.Equal(1, (await op.GetAsync("/v1/providers?state=quarantined&arch=amd64")).Json.GetProperty("providers").GetArrayLength());
    }

    [Fact]
    public async Task Provider_ThatReportsFalseReplicas_IsQuarantinedByItsOwnReceipt_AndCountsNoMore()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        FleetCaller op = scene.As(scene.Operator);
        using var reporter = Ed25519PrivateKey.Generate();
        await op.PutAsync("/v1/fleet/policy", new { policy = "open" });
        FleetAnswer published = await op.PostAsync("/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(1)));
        Sha256Digest kernel = FleetReleases.Digest("v1-kernel");
        string key = scene.Node.PublicKey.KeyId;
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node, replicas: [kernel.ToString()])))
            .Expect(HttpStatusCode.OK);
        (await scene.As(scene.Node).PutAsync($"/v1/providers/{key}/heartbeat", new { health = "ok" })).Expect(HttpStatusCode.OK);
        Assert.Equal(1, await ReplicasAsync());

        Sha256Digest sent = Sha256Digest.Compute("something else"u8);
        DateTimeOffset at = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);
        byte[] receipt = scene.Node.Sign(ServingReceipt.SignedText(kernel, 0, sent, at));
        object Report(byte[]? signature, Sha256Digest actual) => new
        {
            manifest = published["manifest"],
            artifact = kernel.ToString(),
            chunk = 0,
            actual = actual.ToString(),
            receipt = signature is null ? null : new { signature = Convert.ToBase64String(signature), time = at },
        };
        FleetCaller accuser = scene.As(reporter);
        (await accuser.PostAsync($"/v1/providers/{key}/misbehaviour", Report(null, sent))).Expect(HttpStatusCode.Forbidden, "not-allowed");
        (await accuser.PostAsync($"/v1/providers/{key}/misbehaviour", Report(new byte[64], sent)))
            .Expect(HttpStatusCode.Conflict, "proof-does-not-hold");
        Sha256Digest truth = Sha256Digest.Compute(FleetReleases.Kernel("v1-kernel").AsSpan(0, FleetReleases.ChunkBytes));
        (await accuser.PostAsync($"/v1/providers/{key}/misbehaviour", Report(receipt, truth)))
            .Expect(HttpStatusCode.Conflict, "proof-does-not-hold");
        FleetAnswer proven = await accuser.PostAsync($"/v1/providers/{key}/misbehaviour", Report(receipt, sent));
        Assert.Equal("True", proven.Expect(HttpStatusCode.OK)["is_quarantined"]);
        Assert.Equal(0, await ReplicasAsync());
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node, replicas: [kernel.ToString()])))
            .Expect(HttpStatusCode.Forbidden, "quarantined");

        async Task<int> ReplicasAsync() =>
            (await op.GetAsync($"/v1/artifacts/{kernel}")).Json.GetProperty("artifact").GetProperty("replicas_live").GetInt32();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Provider_ThatAStrangerAccuses_IsQuarantinedOnlyIfTheSiloSeesItToo(bool isLying)
    {
        byte[] chunk = FleetReleases.Kernel("v1-kernel")[..FleetReleases.ChunkBytes];
        chunk[7] ^= (byte)(isLying ? 1 : 0);
        byte[] head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-{chunk.Length - 1}/100000\r\nContent-Length: {chunk.Length}\r\nConnection: close\r\n\r\n");
        await using StubProvider accused = StubProvider.Raw([.. head, .. chunk]);
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        FleetCaller op = scene.As(scene.Operator);
        using var gateway = Ed25519PrivateKey.Generate();
        await op.PutAsync("/v1/fleet/policy", new { policy = "open" });
        FleetAnswer published = await op.PostAsync("/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(1)));
        string kernel = FleetReleases.Digest("v1-kernel").ToString();
        string path = $"/v1/providers/{scene.Node.PublicKey.KeyId}";
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node, replicas: [kernel], url: accused.Url + "/")))
            .Expect(HttpStatusCode.OK);
        object report = new { manifest = published["manifest"], artifact = kernel, chunk = 0, actual = Sha256Digest.Compute("claimed"u8).ToString() };

        FleetAnswer answer = await scene.As(gateway).PostAsync($"{path}/misbehaviour", report);

        if (isLying)
        {
            Assert.Equal("True", answer.Expect(HttpStatusCode.OK)["is_proven"]);
            Assert.Equal("quarantined", (await op.GetAsync(path))["state"]);
            (await scene.As(gateway).PostAsync($"{path}/misbehaviour", report)).Expect(HttpStatusCode.Forbidden, "not-allowed");
        }
        else
        {
            answer.Expect(HttpStatusCode.Forbidden, "not-allowed");
            Assert.NotEqual("quarantined", (await op.GetAsync(path))["state"]);
            (await scene.As(gateway).PostAsync($"{path}/misbehaviour", report)).Expect(HttpStatusCode.TooManyRequests, "too-many");
        }
    }

    [Fact]
    public async Task Silo_ThatServesArtifacts_EnrolsItself()
    {
        await using ServingScene files = new();
        files.WriteStandardFiles();
        files.Write("manifest.json", Catalog.SignedRelease.For(files, 1).RawBytes.ToArray());
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite", silos: 0);
        await scene.AddSiloAsync(artifacts: files.Artifacts);

        FleetAnswer listed = await scene.As(null).GetAsync("/v1/providers");
        using CancellationTokenSource limit = new(ServingScene.Limit);
        while (listed.Json.GetProperty("providers").GetArrayLength() == 0 || listed.Json.GetProperty("providers")[0].GetProperty("state")
            .GetString() != "serving")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
            listed = await scene.As(null).GetAsync("/v1/providers");
        }

        JsonElement itself = listed.Json.GetProperty("providers")[0];
        Assert.Equal(scene.Silos[0].NodeKey.KeyId, itself.GetProperty("key").GetString());
        Assert.Equal(3, itself.GetProperty("replicas").GetArrayLength());
        Assert.Equal(scene.Url().ToString(), itself.GetProperty("urls")[0].GetString());
    }

    private static async Task<(FleetAnswer Answer, string Key)> EnrolAsync(FleetScene scene, string? ticket = null, string? token = null)
    {
        using var node = Ed25519PrivateKey.Generate();
        return (await scene.As(node).PostAsync("/v1/providers", BootApiTests.Enrolment(node, ticket, token)), node.PublicKey.KeyId);
    }
}
