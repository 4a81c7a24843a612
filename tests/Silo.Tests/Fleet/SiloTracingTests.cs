using System.Net;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>What a silo says of calls that belong to a trace.</summary>
[Collection("Fleet")]
public sealed class SiloTracingTests(FleetStorages storages)
{
    private const string Parent = "00000000000000f1";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_MakeActivities_OnlyWhereThereIsAnEndpoint(bool hasEndpoint)
    {
        await using OtlpReceiver collector = new();
        await using FleetScene scene = await FleetScene.StartAsync(
            storages, "sqlite", variable: name => hasEndpoint ? Variable(collector, name) : null);
        using var agent = Ed25519PrivateKey.Generate();
        string id = BootApiTests.NewBootId();
        using ActivityProbe probe = new(id);

        (await SendAsync(scene, agent, HttpMethod.Post, "/v1/boots", BootApiTests.Boot(id), id)).Expect(HttpStatusCode.Created);
        (await SendAsync(scene, agent, HttpMethod.Post, $"/v1/boots/{id}/events", new[] { BootApiTests.Event("fetching") }, id))
            .Expect(HttpStatusCode.OK);
        (await SendAsync(scene, agent, HttpMethod.Post, $"/v1/boots/{id}/events", "[null]", id))
            .Expect(HttpStatusCode.BadRequest, "invalid");

        Assert.Equal(hasEndpoint, probe.Seen.Count > 0);
        Assert.DoesNotContain(probe.Seen, name => name.StartsWith("Microsoft", StringComparison.Ordinal));
        if (hasEndpoint)
        {
            IReadOnlyList<ReceivedSpan> spans = await collector.WaitForAsync(
                came => came.Count(span => span.ParentSpanId == Parent) == 3, "the three calls");
            ReceivedSpan told = spans.First(span => span.Name == "POST /v1/boots/{id}/events");
            Assert.Equal(("plasmd", id, "/v1/boots/{id}/events"), (told.Service, told.TraceId, told.Attributes["http.route"]));
            ReceivedSpan grain = Assert.Single(spans, span => span.Name == "BootSession.RecordAsync");
            Assert.Equal(told.SpanId, grain.ParentSpanId);
        }
    }

    [Fact]
    public async Task Spans_ThatAMachineTells_ReachTheCollector_WithTheSilosOwn()
    {
        await using OtlpReceiver collector = new();
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite", variable: name => Variable(collector, name));
        using var agent = Ed25519PrivateKey.Generate();
        string id = BootApiTests.NewBootId();
        (await scene.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(id))).Expect(HttpStatusCode.Created);
        string span = $$"""
            {"traceId":"{{id}}","spanId":"{{id[..16]}}","name":"boot","startTimeUnixNano":"1","endTimeUnixNano":"2"}
            """;

        (await SendAsync(scene, agent, HttpMethod.Post, $"/v1/boots/{id}/spans", BootTraceApiTests.Document(id, span), id))
            .Expect(HttpStatusCode.NoContent);

        IReadOnlyList<ReceivedSpan> spans = await collector.WaitForAsync(
            came => came.Any(each => each.Service == "phase-agent") && came.Any(each => each.Name == "POST /v1/boots/{id}/spans"), "both");
        Assert.All(spans, each => Assert.Equal(id, each.TraceId));
        FleetAnswer metrics = await scene.As(null).GetAsync("/metrics");
        Assert.Contains("\nphase_boot_spans_relayed_total", metrics.Text, StringComparison.Ordinal);
        Assert.Contains("phase_boot_spans_dropped_total{reason=\"full\"} 0", metrics.Text, StringComparison.Ordinal);
    }

    private static async Task<FleetAnswer> SendAsync(
        FleetScene scene, Ed25519PrivateKey agent, HttpMethod method, string path, object body, string trace)
    {
        using HttpRequestMessage request = scene.As(agent).Request(method, path, body);
        request.Headers.Add("traceparent", $"00-{trace}-{Parent}-01");
        return await FleetCaller.SendAsync(request);
    }

    private static string? Variable(OtlpReceiver collector, string name) =>
        collector.Environment.FirstOrDefault(variable => variable.Variable == name).Value;
}
