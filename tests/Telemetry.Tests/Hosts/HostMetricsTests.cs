using System.Net;
using System.Net.Http.Headers;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Hosts;

/// <summary>The programs as they run, scraped by Debian's Prometheus.</summary>
public class HostMetricsTests
{
    private const string OpenMetrics = "application/openmetrics-text";

    [Fact]
    public async Task Prometheus_ScrapesProviderAndGateway_AndHasWhatWasServed()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = (8 << 20) + 5, ChunkSizeBytes = 1 << 20 });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri plasmdUrl) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(directory, release, [plasmdUrl]);
        await using ChildProcess __ = gateway;
        await using PrometheusServer prometheus = await PrometheusServer.StartAsync(("plasmd", plasmdUrl), ("gateway", gatewayUrl));
        using HttpClient client = new() { Timeout = Programs.Limit };
        long size = release.Manifest.Artifacts[ArtifactKind.Rootfs].SizeBytes;
        Assert.Equal(size, (await client.GetByteArrayAsync(new Uri(gatewayUrl, "/rootfs"))).Length);
        Assert.Equal(size, (await client.GetByteArrayAsync(new Uri(gatewayUrl, "/rootfs"))).Length);

        await prometheus.WaitForAsync("sum by (source) (phase_served_bytes_total)", served =>
            served.GetValueOrDefault("{source=\"gateway\"}") == 2 * size && served.GetValueOrDefault("{source=\"direct\"}") >= size);
        await prometheus.WaitForAsync("phase_gateway_verified_bytes_total", verified => verified.Values.SequenceEqual([size]));
        await prometheus.WaitForAsync("sum(phase_gateway_chunk_uses_total{result=\"hit\"})", hits => hits.Values.Single() >= 8);
        await prometheus.WaitForAsync("sum(phase_gateway_picks_total{choice=\"elsewhere\"})", picks => picks.Values.Single() >= 1);
        await prometheus.WaitForAsync("phase_gateway_replica_healthy", healthy => healthy.Values.SequenceEqual([1]));
        await prometheus.WaitForAsync("phase_provider_ready", ready => ready.Values.SequenceEqual([1]));
        await prometheus.WaitForAsync(
            "process_resident_memory_bytes > 1e7 and process_start_time_seconds > 1.7e9 and process_cpu_seconds_total > 0",
            both => both.Count == 2);
        await prometheus.WaitForAsync("dotnet_gc_collections_total", collections => collections.Count > 2);
        Assert.Equal(2, (await prometheus.QueryAsync("up == 1")).Count);
        Assert.All((await prometheus.QueryAsync("scrape_samples_scraped")).Values, count => Assert.InRange(count, 50, 2000));
        Assert.All((await prometheus.QueryAsync("phase_scrape_families_left_out")).Values, count => Assert.Equal(0, count));
    }

    [Fact]
    public async Task Metrics_OfBoth_AreCleanToPromtool_AndNegotiated()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri plasmdUrl) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(directory, release, [plasmdUrl], "--silo", plasmdUrl.ToString());
        await using ChildProcess __ = gateway;
        using HttpClient client = new() { Timeout = Programs.Limit };
        foreach (Uri url in (Uri[])[plasmdUrl, gatewayUrl])
        {
            using HttpResponseMessage text = await client.GetAsync(new Uri(url, "/metrics"));
            Assert.Equal("text/plain; version=0.0.4; charset=utf-8", text.Content.Headers.ContentType?.ToString());

            // Names of .NET's own that end with _count are as .NET's documentation has them.
            Assert.DoesNotContain(
                await PrometheusServer.LintAsync(await text.Content.ReadAsStringAsync()),
                line => !line.StartsWith("dotnet_", StringComparison.Ordinal));

            Assert.Empty(MetricsDocument.FaultsIn(await text.Content.ReadAsStringAsync()));

            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(url, "/metrics"));
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(OpenMetrics));
            using HttpResponseMessage open = await client.SendAsync(request);
            Assert.Equal($"{OpenMetrics}; version=1.0.0; charset=utf-8", open.Content.Headers.ContentType?.ToString());
            Assert.EndsWith("\n# EOF\n", await open.Content.ReadAsStringAsync(), StringComparison.Ordinal);

            using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri(url, "/metrics")));
            Assert.True(head.Content.Headers.ContentLength > 1000);
            using HttpResponseMessage post = await client.PostAsync(new Uri(url, "/metrics"), null);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        }

        // The gateway answers for itself alone: what is under /v1 is the silos', and has no metrics.
        using HttpResponseMessage forwarded = await client.GetAsync(new Uri(gatewayUrl, "/v1/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, forwarded.StatusCode);
    }
}
