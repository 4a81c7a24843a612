using System.Globalization;
using System.Net;
using PhaseMesh.Telemetry.Tracing;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.Telemetry.Tests.Tracing;

/// <summary>What machines tell and what gateway, silo and provider do for them come together in one trace at a collector.</summary>
public class OneTraceTests
{
    private const string Fetch = "00000000000000f1";

    [Fact]
    public async Task Boot_IsOneTrace_OfTheMachineTheGatewayTheSiloAndTheProvider()
    {
        await using TraceScene scene = await TraceScene.StartAsync();
        string boot = await scene.CreateBootAsync();
        string root = boot[..16];

        Assert.Equal(4 << 20, (await scene.GetAsync(new Uri(scene.Gateway, "/rootfs"), $"00-{boot}-{Fetch}-01")).Length);
        await scene.GetAsync(new Uri(scene.Gateway, $"/v1/boots/{boot}"), $"00-{boot}-{root}-01");
        await scene.TellSpansAsync(scene.Gateway, boot, (root, "", "boot", 0), (Fetch, root, "fetch", 0));
        await scene.GetAsync(new Uri(scene.Gateway, "/manifest.json"), null);

        IReadOnlyList<ReceivedSpan> spans = await scene.Collector.WaitForAsync(
            came => came.Count(span => span.Service == "phase-agent") == 2
                && came.Any(span => span is { Service: "phase-gateway", Name: "GET /rootfs" })
                && came.Any(span => span is { Service: "phase-gateway", Name: "GET /v1/{**path}" })
                && came.Any(span => span is { Service: "plasmd", Name: "GET /blobs/{digest}" })
                && came.Any(span => span is { Service: "plasmd", Name: "GET /v1/boots/{id}" })
                && came.All(span => span.SpanId == root || came.Any(parent => parent.SpanId == span.ParentSpanId)),
            "the spans of all four, and the parents of all");
        Assert.All(spans, span => Assert.Equal(boot, span.TraceId));
        Dictionary<string, ReceivedSpan> byId = spans.ToDictionary(span => span.SpanId);

        // Down the way of a chunk: machine, gateway, its fetch, its request, provider.
        ReceivedSpan served = spans.First(span => span is { Service: "plasmd", Name: "GET /blobs/{digest}" });
        Assert.Equal((2, "206"), (served.Kind, served.Attributes["http.response.status_code"]));
        ReceivedSpan asked = byId[served.ParentSpanId];
        Assert.Equal(("phase-gateway", 3, scene.Provider.Port.ToString(CultureInfo.InvariantCulture)),
            (asked.Service, asked.Kind, asked.Attributes["server.port"]));
        ReceivedSpan fetch = byId[asked.ParentSpanId];
        Assert.Equal("replica.chosen", fetch.Events[0].Name);
        Assert.Equal(asked.Attributes["phase.provider"], fetch.Events[0].Attributes["phase.provider"]);
        ReceivedSpan request = byId[fetch.ParentSpanId];
        Assert.Equal(
            ("GET /rootfs", 2, Fetch, "GET", "/rootfs", "200"),
            (request.Name, request.Kind, request.ParentSpanId, request.Attributes["http.request.method"], request.Attributes["http.route"],
                request.Attributes["http.response.status_code"]));
        Assert.Equal("boot", byId[byId[Fetch].ParentSpanId].Name);

        // And the silo below the gateway.
        ReceivedSpan shown = spans.First(span => span is { Service: "plasmd", Name: "GET /v1/boots/{id}" });
        Assert.Equal(("phase-gateway", "GET /v1/{**path}"), (byId[shown.ParentSpanId].Service, byId[shown.ParentSpanId].Name));
    }

    [Fact]
    public async Task Call_ShowsTheGrainItTook_WhichWasNotInMemory()
    {
        await using TraceScene scene = await TraceScene.StartAsync();
        string boot = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
        await scene.GetAsync(new Uri(scene.Silo, $"/v1/boots/{boot}"), $"00-{boot}-{Fetch}-01", HttpStatusCode.NotFound);

        IReadOnlyList<ReceivedSpan> spans = await scene.Collector.WaitForAsync(came => came.Count == 2, "the request and the grain's call");

        ReceivedSpan request = Assert.Single(spans, span => span.Name == "GET /v1/boots/{id}");
        ReceivedSpan call = Assert.Single(spans, span => span.Name == "BootSession.GetAsync");
        Assert.Equal((boot, "404", 0), (request.TraceId, request.Attributes["http.response.status_code"], request.StatusCode));
        Assert.Equal((request.SpanId, boot), (call.ParentSpanId, call.Attributes["phase.grain.key"]));
    }

    [Fact]
    public async Task Ratio_TakesTheSameBootsEverywhere_AndFailedOnesBesides()
    {
        (string, string)[] half = [("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.5")];
        await using TraceScene scene = await TraceScene.StartAsync(half);
        TraceSettings same = TraceSettings.From(name =>
            scene.Collector.Environment.Concat(half).FirstOrDefault(variable => variable.Item1 == name).Item2);
        List<string> boots = [];
        while (boots.Count(same.Samples) < 5 || boots.Count(boot => !same.Samples(boot)) < 5)
        {
            boots.Add(await scene.CreateBootAsync());
        }

        foreach (string boot in boots)
        {
            string root = boot[..16];
            await scene.TellSpansAsync(scene.Silo, boot, (root, "", "boot", 0), (Fetch, root, "fetch", 0));
            await scene.GetAsync(new Uri(scene.Gateway, "/manifest.json"), $"00-{boot}-{Fetch}-01");
            await scene.GetAsync(new Uri(scene.Provider, "/manifest.json"), $"00-{boot}-{Fetch}-01");
            await scene.GetAsync(new Uri(scene.Silo, $"/v1/boots/{boot}"), $"00-{boot}-{Fetch}-01");
        }

        string failed = boots.First(boot => !same.Samples(boot));
        await scene.TellSpansAsync(scene.Silo, failed, (failed[..16], "", "boot", 2));
        string[] sampled = [.. boots.Where(same.Samples).Order(StringComparer.Ordinal)];
        string[] told = [.. sampled.Append(failed).Order(StringComparer.Ordinal)];

        IReadOnlyList<ReceivedSpan> spans = await scene.Collector.WaitForAsync(
            came => Traces(came, "phase-agent", "boot").Length >= told.Length
                && Traces(came, "phase-gateway", "GET /manifest.json").Length >= sampled.Length
                && Traces(came, "plasmd", "GET /manifest.json").Length >= sampled.Length
                && Traces(came, "plasmd", "GET /v1/boots/{id}").Length >= sampled.Length,
            "the sampled ones of all");
        Assert.Equal(told, Traces(spans, "phase-agent", "boot"));
        Assert.Equal(told, Traces(spans, "phase-agent", "fetch"));
        Assert.Equal(sampled, Traces(spans, "phase-gateway", "GET /manifest.json"));
        Assert.Equal(sampled, Traces(spans, "plasmd", "GET /manifest.json"));
        Assert.Equal(sampled, Traces(spans, "plasmd", "GET /v1/boots/{id}"));
    }

    private static string[] Traces(IReadOnlyList<ReceivedSpan> spans, string service, string name) =>
    [
        .. spans.Where(span => span.Service == service && span.Name == name).Select(span => span.TraceId).Distinct()
            .Order(StringComparer.Ordinal),
    ];
}
