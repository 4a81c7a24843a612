using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>A boot's trace, told by the machine as OTLP/JSON and read back.</summary>
[Collection("Fleet")]
public sealed class BootTraceApiTests(FleetStorages storages)
{
    private const string Span = """
        {"traceId":"ID","spanId":"00000000000000A2","parentSpanId":"00000000000000a1","traceState":"","flags":257,"name":"fetch kernel","kind":3,
         "startTimeUnixNano":"1763760000000000001","endTimeUnixNano":1763760001000000000,
         "attributes":[{"key":"phase.artifact.size","value":{"intValue":"9007199254740993"}},{"key":"n","value":{"intValue":-1}},
           {"key":"d","value":{"doubleValue":0.5}},{"key":"b","value":{"boolValue":true}},{"key":"s","value":{"stringValue":"ä\n"}}],
         "droppedAttributesCount":0,"links":[{"traceId":"00","spanId":"00"}],
         "events":[{"timeUnixNano":"1763760000500000000","name":"provider.failed","attributes":[{"key":"phase.provider","value":{"stringValue":"http://a/"}}]}],
         "status":{"code":2,"message":"no provider"}}
        """;

    [Theory]
    [OnEachDatabase]
    public async Task Spans_AreReadAsTheyWereTold_AtAnySilo(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database, silos: 2);
        using var agent = Ed25519PrivateKey.Generate();
        string id = await CreateAsync(scene, agent);

        (await scene.As(agent).PostAsync($"/v1/boots/{id}/spans", Document(id, Span))).Expect(HttpStatusCode.NoContent);
        (await scene.As(agent, silo: 1).PostAsync($"/v1/boots/{id}/spans", Document(id, Span))).Expect(HttpStatusCode.NoContent);

        FleetAnswer shown = (await scene.As(null, silo: 1).GetAsync($"/v1/boots/{id}/spans")).Expect(HttpStatusCode.OK);
        JsonElement resource = Assert.Single(shown.Json.GetProperty("resourceSpans").EnumerateArray());
        Assert.Equal(
            """{"attributes":[{"key":"service.name","value":{"stringValue":"phase-agent"}},{"key":"service.version","value":{"stringValue":"1"}}]}""",
            resource.GetProperty("resource").GetRawText());
        JsonElement span = Assert.Single(Assert.Single(resource.GetProperty("scopeSpans").EnumerateArray()).GetProperty("spans").EnumerateArray());
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse($$"""
                {"traceId":"{{id}}","spanId":"00000000000000a2","parentSpanId":"00000000000000a1","name":"fetch kernel","kind":3,
                 "startTimeUnixNano":"1763760000000000001","endTimeUnixNano":"1763760001000000000",
                 "attributes":[{"key":"phase.artifact.size","value":{"intValue":"9007199254740993"} },{"key":"n","value":{"intValue":"-1"} },
                   {"key":"d","value":{"doubleValue":0.5} },{"key":"b","value":{"boolValue":true} },{"key":"s","value":{"stringValue":"ä\n"} }],
                 "events":[{"timeUnixNano":"1763760000500000000","name":"provider.failed",
                   "attributes":[{"key":"phase.provider","value":{"stringValue":"http://a/"} }]}],
                 "status":{"code":2,"message":"no provider"} }
                """),
            JsonNode.Parse(span.GetRawText())), span.GetRawText());

        // What was read can be told again.
        (await scene.As(agent).PostAsync($"/v1/boots/{id}/spans", shown.Text)).Expect(HttpStatusCode.NoContent);
        Assert.Equal(shown.Text, (await scene.As(null).GetAsync($"/v1/boots/{id}/spans")).Text);
    }

    [Fact]
    public async Task Spans_OfNoBoot_OrByAnotherKey_AreRefused()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        using var agent = Ed25519PrivateKey.Generate();
        using var stranger = Ed25519PrivateKey.Generate();
        string id = await CreateAsync(scene, agent);
        string none = BootApiTests.NewBootId();

        (await scene.As(stranger).PostAsync($"/v1/boots/{id}/spans", Document(id, Span))).Expect(HttpStatusCode.Forbidden, "not-allowed");
        (await scene.As(agent).PostAsync($"/v1/boots/{none}/spans", Document(none, Span))).Expect(HttpStatusCode.NotFound, "not-found");
        (await scene.As(null).GetAsync($"/v1/boots/{none}/spans")).Expect(HttpStatusCode.NotFound, "not-found");
        (await scene.As(null).GetAsync("/v1/boots/abc/spans")).Expect(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal(
            """{"resourceSpans":[]}""", (await scene.As(null).GetAsync($"/v1/boots/{id}/spans")).Expect(HttpStatusCode.OK).Text);
    }

    [Theory]
    [InlineData("no JSON", "<spans/>", "not the JSON")]
    [InlineData("null", "null", "it is null")]
    [InlineData("another trace", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00"}]}]}]}""", "spans[0].traceId: expected the boot's id")]
    [InlineData("no trace", """{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}""", "spans[0].traceId: expected the boot's id")]
    [InlineData("no resource", """{"resourceSpans":[{"scopeSpans":[{"spans":[SPAN]}]}]}""", "service.name: expected 1 to")]
    [InlineData("nulls", """{"resourceSpans":[null]}""", "resourceSpans[0]: expected an object")]
    [InlineData("a null span", """{"resourceSpans":[{"scopeSpans":[{"spans":[null]}]}]}""", "spans[0]: expected an object")]
    [InlineData("nothing", "{}", "spans: expected 1 to 256, found 0")]
    [InlineData("a time in words", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"now"}]}]}]}""", "startTimeUnixNano")]
    [InlineData("a time too large", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"99999999999999999999"}]}]}]}""", "startTimeUnixNano")]
    [InlineData("a kind in words", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}""", "kind")]
    [InlineData("twice the same", """{"resourceSpans":[],"resourceSpans":[]}""", "resourceSpans")]
    [InlineData("a NUL", """{"resourceSpans":[{"x":"\u0000"}]}""", "NUL")]
    [InlineData("half a character", """{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\ud800"}]}]}]}""", "not the JSON")]
    [InlineData("an array as value", """{"resourceSpans":[{"scopeSpans":[{"spans":[ARRAY]}]}]}""", "spans[0].attributes[0].value: expected one of")]
    public async Task Spans_ThatAreNone_AreRefused_ByPathAndRule(string what, string body, string expected)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        using var agent = Ed25519PrivateKey.Generate();
        string id = await CreateAsync(scene, agent);
        string array = """{"traceId":"ID","spanId":"00000000000000a2","name":"a","attributes":[{"key":"a","value":{"arrayValue":{"values":[]}}}]}""";
        string sent = body.Replace("SPAN]", Span + "]", StringComparison.Ordinal).Replace("ARRAY", array, StringComparison.Ordinal)
            .Replace("ID", id, StringComparison.Ordinal);

        FleetAnswer answer = (await scene.As(agent).PostAsync($"/v1/boots/{id}/spans", sent)).Expect(HttpStatusCode.BadRequest, "invalid");

        Assert.True(answer["detail"]!.Contains(expected, StringComparison.Ordinal), $"{what}: {answer["detail"]}");
        Assert.Equal("""{"resourceSpans":[]}""", (await scene.As(null).GetAsync($"/v1/boots/{id}/spans")).Text);
    }

    [Fact]
    public async Task Spans_MoreThanABodyMayHave_AreRefused()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        using var agent = Ed25519PrivateKey.Generate();
        string id = await CreateAsync(scene, agent);
        string body = Document(id, string.Join(',', Enumerable.Repeat(Span, 100)));

        (await scene.As(agent).PostAsync($"/v1/boots/{id}/spans", body)).Expect(HttpStatusCode.RequestEntityTooLarge, "too-large");
    }

    /// <summary>As phase-agent tells them; ID in a span is the boot's.</summary>
    internal static string Document(string id, string spans) => """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"phase-agent"}},
          {"key":"service.version","value":{"stringValue":"1"}},{"key":"os.type","value":{"stringValue":"linux"}}]},
          "scopeSpans":[{"scope":{"name":"phase-agent"},"spans":[SPANS]}]}]}
        """.Replace("SPANS", spans, StringComparison.Ordinal).Replace("ID", id, StringComparison.Ordinal);

    private static async Task<string> CreateAsync(FleetScene scene, Ed25519PrivateKey agent)
    {
        string id = BootApiTests.NewBootId();
        (await scene.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(id))).Expect(HttpStatusCode.Created);
        return id;
    }
}
