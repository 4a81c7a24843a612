using System.Globalization;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>What a whole gateway says of requests that belong to a trace.</summary>
public class TracingTests
{
    private const string Parent = "00000000000000f1";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DataPath_MakesActivities_OnlyWhereThereIsAnEndpoint(bool hasEndpoint)
    {
        await using OtlpReceiver collector = new();
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = release.Key.PublicKey.KeyId };
        await using GatewayScene gateway = await GatewayScene.StartAsync(
            directory, release, [new Uri(provider.Url)], variable: name => hasEndpoint ? Variable(collector, name) : null);
        await gateway.ReadyAsync();
        string trace = NewTrace();
        using ActivityProbe probe = new(trace);

        await GetAsync(gateway, "/rootfs", trace);
        await GetAsync(gateway, "/manifest.json", trace);
        await GetAsync(gateway, "/nowhere", trace);

        Assert.Equal(hasEndpoint, probe.Seen.Count > 0);
        Assert.DoesNotContain(probe.Seen, name => name.StartsWith("Microsoft", StringComparison.Ordinal));
        if (hasEndpoint)
        {
            IReadOnlyList<ReceivedSpan> spans = await collector.WaitForAsync(
                came => came.Count(span => span.ParentSpanId == Parent) == 3, "the three requests");
            Assert.Equal(
                ["GET /manifest.json", "GET /rootfs", "GET {*path}"],
                spans.Where(span => span.ParentSpanId == Parent).Select(span => span.Name).Order(StringComparer.Ordinal));
            Assert.Equal("404", spans.Single(span => span.Name == "GET {*path}").Attributes["http.response.status_code"]);
        }
    }

    [Fact]
    public async Task Fetch_ShowsWhoFailed_AndWhoGaveTheRest()
    {
        await using OtlpReceiver collector = new();
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 3 << 20, ChunkSizeBytes = 1 << 20 });
        using ReleaseDirectory directory = new();
        await using FaultyProvider bad = new(release, ProviderFault.Resets)
        {
            FaultAt = 100_000,
            StatusKey = release.Key.PublicKey.KeyId,
        };
        await using GatewayScene gateway = await GatewayScene.StartAsync(
            directory, release, [new Uri(bad.Url)], variable: name => Variable(collector, name));
        await gateway.ReadyAsync();
        string trace = NewTrace();

        // The only one there is fails until it is mended: so who failed and who gave the rest is certain.
        Task<byte[]> got = GetAsync(gateway, "/rootfs", trace);
        await collector.WaitForAsync(came => came.Any(span => span is { Kind: 3, StatusCode: 2 }), "a failed request to the replica");
        bad.Fault = ProviderFault.None;
        Assert.Equal(3 << 20, (await got).Length);

        IReadOnlyList<ReceivedSpan> spans = await collector.WaitForAsync(
            came => came.Any(span => span.Name == "GET /rootfs") && came.Any(span => span.Name == "fetch chunks"
                && span.Events.Any(told => told.Name == "resumed")), "the fetch and its request");
        ReceivedSpan fetch = spans.First(span => span.Events.Any(told => told.Name == "resumed"));
        Assert.Equal(["replica.chosen", "replica.failed", "resumed"], fetch.Events.Take(3).Select(told => told.Name));
        Assert.Equal("reset", fetch.Events[1].Attributes["phase.fault"]);
        Assert.InRange(long.Parse(fetch.Events[2].Attributes["phase.offset"], CultureInfo.InvariantCulture), 0, 3 << 20);
        ReceivedSpan failed = spans.First(span => span is { Kind: 3, StatusCode: 2 });
        Assert.Equal(("reset", trace), (failed.Attributes["error.type"], failed.TraceId));
        Assert.Contains(spans, span => span.SpanId == failed.ParentSpanId && span.Name == "fetch chunks");
    }

    [Fact]
    public async Task Requests_OfNoTrace_BeginOne_OnlyWhereTheSamplerIsSet()
    {
        foreach (string? sampler in (string?[])[null, "always_on"])
        {
            await using OtlpReceiver collector = new();
            using TestRelease release = TestRelease.Create();
            using ReleaseDirectory directory = new();
            await using FaultyProvider provider = new(release) { StatusKey = release.Key.PublicKey.KeyId };
            await using GatewayScene gateway = await GatewayScene.StartAsync(
                directory, release, [new Uri(provider.Url)],
                variable: name => name == "OTEL_TRACES_SAMPLER" ? sampler : Variable(collector, name));
            await gateway.ReadyAsync();

            await GetAsync(gateway, "/manifest.json", null);
            await GetAsync(gateway, "/kernel", NewTrace());

            IReadOnlyList<ReceivedSpan> spans = await collector.WaitForAsync(
                came => came.Any(span => span.Name == "GET /kernel"), "the request that has a trace");
            Assert.Equal(sampler is null ? 0 : 1, spans.Count(span => span is { Name: "GET /manifest.json", ParentSpanId: "" }));
        }
    }

    private static async Task<byte[]> GetAsync(GatewayScene gateway, string path, string? trace)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (trace is not null)
        {
            request.Headers.Add("traceparent", $"00-{trace}-{Parent}-01");
        }

        using HttpResponseMessage answer = await gateway.Client.SendAsync(request);
        return await answer.Content.ReadAsByteArrayAsync();
    }

    private static string? Variable(OtlpReceiver collector, string name) =>
        collector.Environment.FirstOrDefault(variable => variable.Variable == name).Value;

    private static string NewTrace() => Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
}
