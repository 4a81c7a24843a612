using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>What a stranger, a thief of requests and a flood can do: nothing.</summary>
[Collection("Fleet")]
public sealed class ApiSecurityTests(FleetStorages storages)
{
    private const string Sql = "x'; DROP TABLE phasemesh.grains; --\" OR 1=1 \\ %_$1 {0} ${jndi}";

    /// <summary>Every call that must be signed: method, path with the node's key for KEY, who may, and a body.</summary>
    private static readonly (HttpMethod Method, string Path, string Role, string Body)[] Signed =
    [
        (HttpMethod.Post, "/v1/boots", "any", "{}"),
        (HttpMethod.Post, "/v1/boots/00000000000000000000000000000000/events", "any", "[]"),
        (HttpMethod.Post, "/v1/boots/00000000000000000000000000000000/log", "any", "text"),
        (HttpMethod.Post, "/v1/boots/00000000000000000000000000000000/spans", "any", "{}"),
        (HttpMethod.Post, "/v1/providers", "any", "{}"),
        (HttpMethod.Put, "/v1/providers/KEY/heartbeat", "node", "{}"),
        (HttpMethod.Post, "/v1/providers/KEY/drain", "node", ""),
        (HttpMethod.Post, "/v1/providers/KEY/approve", "operator", ""),
        (HttpMethod.Post, "/v1/providers/KEY/quarantine", "operator", "{}"),
        (HttpMethod.Post, "/v1/providers/KEY/release", "operator", ""),
        (HttpMethod.Put, "/v1/providers/KEY/weight", "operator", "{\"weight\":1}"),
        (HttpMethod.Post, "/v1/providers/KEY/misbehaviour", "any", "{}"),
        (HttpMethod.Post, "/v1/channels/stable/x86_64/publish", "operator", "{}"),
        (HttpMethod.Post, "/v1/channels/stable/x86_64/promote", "operator", "{}"),
        (HttpMethod.Post, "/v1/channels/stable/x86_64/rollback", "operator", "{}"),
        (HttpMethod.Put, "/v1/channels/stable/x86_64/rollout", "operator", "{}"),
        (HttpMethod.Put, "/v1/channels/stable/x86_64/trust", "operator", "{\"keys\":[]}"),
        (HttpMethod.Put, "/v1/fleet/policy", "operator", "{\"policy\":\"open\"}"),
        (HttpMethod.Post, "/v1/fleet/operators", "operator", "{}"),
        (HttpMethod.Delete, "/v1/fleet/operators/KEY", "operator", ""),
        (HttpMethod.Post, "/v1/fleet/tokens", "operator", "{}"),
        (HttpMethod.Get, "/v1/fleet/tokens", "operator", ""),
        (HttpMethod.Delete, "/v1/fleet/tokens/0123456789abcdef", "operator", ""),
    ];

    [Fact]
    public async Task EveryEndpoint_UnsignedForgedSkewedOversizedOrWrongKey_IsRefused()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        using var stranger = Ed25519PrivateKey.Generate();
        await CoverAsync(scene);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        foreach ((HttpMethod method, string template, string role, string text) in Signed)
        {
            string path = template.Replace("KEY", scene.Node.PublicKey.KeyId, StringComparison.Ordinal);
            byte[] body = Encoding.UTF8.GetBytes(text);
            (await scene.As(null).SendAsync(method, path, body)).Expect(HttpStatusCode.Unauthorized, "not-signed");

            await RefusesAsync("another body", request =>
                request.Content = new ByteArrayContent("[{}]"u8.ToArray()), "bad-signature", scene.Operator);
            await RefusesAsync("another path", request =>
                request.RequestUri = new Uri(request.RequestUri + "?x=1"), "bad-signature", scene.Operator);
            await RefusesAsync("another's name", request =>
            {
                request.Headers.Remove(RequestSignature.KeyHeader);
                request.Headers.Add(RequestSignature.KeyHeader, scene.Operator.PublicKey.KeyId);
            }, "bad-signature", stranger);
            await RefusesAsync("no key's name", request =>
            {
                request.Headers.Remove(RequestSignature.KeyHeader);
                request.Headers.Add(RequestSignature.KeyHeader, Sql);
            }, "signature-malformed", stranger);
            await RefusesAsync("too old", request =>
                FleetCaller.Sign(request, body, scene.Operator, now - TimeSpan.FromMinutes(6)), "skewed", scene.Operator);
            await RefusesAsync("from the future", request =>
                FleetCaller.Sign(request, body, scene.Operator, now + TimeSpan.FromMinutes(6)), "skewed",
                scene.Operator);
            if (method != HttpMethod.Get)
            {
                byte[] huge = new byte[(1 << 20) + 1];
                (await scene.As(scene.Operator).SendAsync(method, path, huge)).Expect(HttpStatusCode.RequestEntityTooLarge, "too-large");
            }

            if (role != "any")
            {
                (await scene.As(stranger).SendAsync(method, path, body)).Expect(HttpStatusCode.Forbidden, "not-allowed");
            }

            if (role == "operator")
            {
                (await scene.As(scene.Node).SendAsync(method, path, body)).Expect(HttpStatusCode.Forbidden, "not-allowed");
            }

            async Task RefusesAsync(string what, Action<HttpRequestMessage> forge, string slug, Ed25519PrivateKey key)
            {
                using HttpRequestMessage request = scene.As(key).Request(method, path, body);
                forge(request);
                FleetAnswer answer = await FleetCaller.SendAsync(request);
                Assert.True(answer.Status == HttpStatusCode.Unauthorized && answer.Slug == slug, $"{method} {path}, {what}: {answer.Text}");
            }
        }

        Assert.Empty((await scene.As(null).GetAsync("/v1/boots")).Json.GetProperty("boots").EnumerateArray());
        Assert.Empty((await scene.As(null).GetAsync("/v1/providers")).Json.GetProperty("providers").EnumerateArray());
        Assert.Equal("ticket", (await scene.As(null).GetAsync("/v1/fleet"))["policy"]);
    }

    [Theory]
    [OnEachDatabase]
    public async Task Replay_OnTheSameAndOnAnotherSilo_IsRefusedOrChangesNothing(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database, silos: 2);
        string key = scene.Node.PublicKey.KeyId;
        await ReplayAsync(HttpMethod.Put, "/v1/fleet/policy", new { policy = "open" }, scene.Operator);
        await ReplayAsync(HttpMethod.Post, "/v1/providers", BootApiTests.Enrolment(scene.Node), scene.Node);
        await ReplayAsync(HttpMethod.Post, "/v1/fleet/tokens", new { name = "once" }, scene.Operator);
        await ReplayAsync(HttpMethod.Post, $"/v1/providers/{key}/drain", null, scene.Operator);
        await ReplayAsync(HttpMethod.Post, $"/v1/providers/{key}/release", null, scene.Operator);
        await ReplayAsync(HttpMethod.Put, $"/v1/providers/{key}/heartbeat", new { health = "ok" }, scene.Node, elsewhere: null);
        await ReplayAsync(
            HttpMethod.Post, "/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(1)), scene.Operator);
        string boot = BootApiTests.NewBootId();
        await ReplayAsync(HttpMethod.Post, "/v1/boots", BootApiTests.Boot(boot), scene.Node);
        FleetAnswer before = await scene.As(null).GetAsync($"/v1/boots/{boot}");
        await ReplayAsync(HttpMethod.Post, $"/v1/boots/{boot}/events", new[] { BootApiTests.Event("fetching") }, scene.Node,
            elsewhere: null);
        Assert.NotEqual(before.Text, (await scene.As(null).GetAsync($"/v1/boots/{boot}")).Text);
        Assert.Equal(1, (await scene.As(scene.Operator).GetAsync("/v1/fleet/tokens")).Json.GetProperty("tokens").GetArrayLength());

        // Null: repeating it changes nothing, so another silo need not know it.
        async Task ReplayAsync(HttpMethod method, string path, object? body, Ed25519PrivateKey signer, string? elsewhere = "replayed")
        {
            using HttpRequestMessage first = scene.As(signer).Request(method, path, body);
            using HttpRequestMessage same = await FleetCaller.CopyAsync(first, scene.Url(0));
            using HttpRequestMessage other = await FleetCaller.CopyAsync(first, scene.Url(1));
            FleetAnswer done = await FleetCaller.SendAsync(first);
            Assert.True((int)done.Status is >= 200 and < 300, $"{method} {path}: {done.Text}");
            (await FleetCaller.SendAsync(same)).Expect(HttpStatusCode.Conflict, "replayed");
            string whole = await StateAsync();
            FleetAnswer replayed = await FleetCaller.SendAsync(other);
            Assert.True(elsewhere is null || replayed.Slug == elsewhere, $"{method} {path}: {replayed.Text}");
            Assert.Equal(whole, await StateAsync());
        }

        async Task<string> StateAsync() =>
            (await scene.As(null).GetAsync("/v1/boots")).Text + (await scene.As(null).GetAsync("/v1/channels")).Text
            + (await scene.As(null).GetAsync("/v1/fleet")).Text;
    }

    [Fact]
    public async Task OpenReadsFalse_TakesAnOperatorOrAnAdmittedProvider()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite", openReads: false);
        using var stranger = Ed25519PrivateKey.Generate();
        foreach (string path in new[] { "/v1/boots", "/v1/providers", "/v1/channels", "/v1/snapshot", "/v1/cluster", "/v1/fleet",
            "/v1/artifacts" })
        {
            (await scene.As(null).GetAsync(path)).Expect(HttpStatusCode.Unauthorized, "not-signed");
            (await scene.As(stranger).GetAsync(path)).Expect(HttpStatusCode.Forbidden, "not-allowed");
            (await scene.As(scene.Operator).GetAsync(path)).Expect(HttpStatusCode.OK);
        }

        await scene.As(scene.Operator).PutAsync("/v1/fleet/policy", new { policy = "open" });
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node))).Expect(HttpStatusCode.OK);
        (await scene.As(scene.Node).GetAsync("/v1/snapshot")).Expect(HttpStatusCode.OK);
    }

    [Theory]
    [OnEachDatabase]
    public async Task SqlInEveryString_IsText(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database);
        FleetCaller op = scene.As(scene.Operator);
        await op.PutAsync("/v1/fleet/policy", new { policy = "open" });
        string boot = BootApiTests.NewBootId();
        string escaped = Uri.EscapeDataString(Sql);
        FleetCaller node = scene.As(scene.Node);

        // Where only some letters may stand, it is refused.
        foreach (object body in new object[]
        {
            new { boot_id = Sql, channel = "stable", arch = "x86_64", mode = "internet" },
            new { boot_id = boot, channel = Sql, arch = "x86_64", mode = "internet" },
            new { boot_id = boot, channel = "stable", arch = Sql, mode = "internet" },
            new { boot_id = boot, channel = "stable", arch = "x86_64", mode = Sql },
            new { boot_id = boot, channel = "stable", arch = "x86_64", mode = "internet", machine_id = Sql },
        })
        {
            (await node.PostAsync("/v1/boots", body)).Expect(HttpStatusCode.BadRequest, "invalid");
        }

        foreach (string path in new[]
        {
            $"/v1/boots/{escaped}", $"/v1/providers/{escaped}", $"/v1/artifacts/{escaped}", $"/v1/manifests/{escaped}",
                $"/v1/channels/{escaped}/x86_64",
            $"/v1/boots?state={escaped}", $"/v1/boots?arch={escaped}", $"/v1/boots?limit={escaped}", $"/v1/boots?since={escaped}",
            $"/v1/boots?release={escaped}", $"/v1/boots?after={escaped}", $"/v1/providers?after={escaped}", "/v1/boots?machine=%00",
        })
        {
            (await op.GetAsync(path)).Expect(HttpStatusCode.BadRequest, "invalid");
        }

        // Where text may stand, it is text.
        (await node.PostAsync("/v1/boots", new { boot_id = boot, channel = "stable", arch = "x86_64", mode = "internet", trace = Sql }))
            .Expect(HttpStatusCode.Created);
        (await node.PostAsync($"/v1/boots/{boot}/events", new[]
        {
            new { phase = "failed", at = TimeProvider.System.GetUtcNow(), reason = "x", detail = Sql, version = Sql, from = new[] { Sql } },
        })).Expect(HttpStatusCode.OK);
        (await node.PostAsync($"/v1/boots/{boot}/log", Sql)).Expect(HttpStatusCode.NoContent);
        (await node.PostAsync($"/v1/boots/{boot}/events",
            "[{\"phase\":\"failed\",\"at\":\"2026-01-01T00:00:00Z\",\"detail\":\"a\\u0000b\"}]"))
            .Expect(HttpStatusCode.BadRequest, "invalid");
        (await op.PostAsync("/v1/fleet/tokens", new { name = Sql })).Expect(HttpStatusCode.Created);
        (await op.PostAsync("/v1/fleet/operators", new { key = scene.Node.PublicKey.KeyId, name = Sql })).Expect(HttpStatusCode.OK);

        FleetAnswer shown = await op.GetAsync($"/v1/boots/{boot}");
        Assert.Equal((Sql, Sql), (shown["trace"], shown["detail"]));
        Assert.Equal(Sql, (await op.GetAsync($"/v1/boots/{boot}/log")).Text);
        foreach (string filter in new[] { "machine", "provider", "source", "channel" })
        {
            Assert.Empty((await op.GetAsync($"/v1/boots?{filter}={escaped}")).Expect(HttpStatusCode.OK).Json.GetProperty("boots")
                .EnumerateArray());
        }
    }

    [Fact]
    public async Task FloodOfEnrolments_FromOneSource_IsHeldToItsLimit_AndOthersGetThrough()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite", floodLimit: 20);
        await scene.As(scene.Operator).PutAsync("/v1/fleet/policy", new { policy = "open" });
        FleetAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            using var node = Ed25519PrivateKey.Generate();
            return await scene.As(node).PostAsync("/v1/providers", BootApiTests.Enrolment(node));
        }));

        int refused = answers.Count(answer => answer.Slug == "too-many");
        Assert.True(refused > 0 && answers.Length - refused >= 20, $"{refused} of {answers.Length} were refused");
        Assert.All(answers.Where(answer => answer.Slug == "too-many"), answer =>
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.Status);
            Assert.NotNull(answer.Headers.RetryAfter);
        });
        int enrolled = (await scene.As(null).GetAsync("/v1/providers?limit=1000")).Json.GetProperty("providers").GetArrayLength();
        Assert.Equal(answers.Length - refused, enrolled);

        // From another address, 127.0.0.2, it goes on.
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (context, token) =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpClient elsewhere = new(handler);
        using var other = Ed25519PrivateKey.Generate();
        using HttpRequestMessage request = scene.As(other).Request(HttpMethod.Post, "/v1/providers", BootApiTests.Enrolment(other));
        using HttpResponseMessage response = await elsewhere.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task OpenApi_ListsEveryCall()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        FleetAnswer document = (await scene.As(null).GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK);
        JsonElement paths = document.Json.GetProperty("paths");
        Assert.True(paths.GetProperty("/v1/boots").TryGetProperty("post", out JsonElement create));
        Assert.Contains("boot_id", document.Text, StringComparison.Ordinal);
        Assert.Equal("A boot begins", create.GetProperty("summary").GetString());
        await CoverAsync(scene);
    }

    /// <summary>No call that changes something is missing from <see cref="Signed"/>.</summary>
    private static async Task CoverAsync(FleetScene scene)
    {
        FleetAnswer document = await scene.As(null).GetAsync("/openapi/v1.json");
        string[] changing =
        [
            .. from path in document.Json.GetProperty("paths").EnumerateObject()
               from method in path.Value.EnumerateObject()
               where method.Name is "post" or "put" or "delete"
               select $"{method.Name} {path.Name}",
        ];
        string[] tried =
        [
            .. Signed.Where(call => call.Method != HttpMethod.Get).Select(call => $"{call.Method.Method.ToLowerInvariant()} {call.Path}"
                .Replace("/providers/KEY", "/providers/{key}", StringComparison.Ordinal)
                    .Replace("/operators/KEY", "/operators/{key}", StringComparison.Ordinal)
                .Replace("00000000000000000000000000000000", "{id}", StringComparison.Ordinal)
                .Replace("0123456789abcdef", "{id}", StringComparison.Ordinal)
                .Replace("/stable/x86_64", "/{channel}/{arch}", StringComparison.Ordinal)),
        ];
        Assert.Equal(changing.Order(StringComparer.Ordinal), tried.Order(StringComparer.Ordinal));
    }
}
