using System.Net;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>What <c>/metrics</c> of a whole gateway says of those who download, wait, are turned away or sent on.</summary>
public class ClientMetricsTests
{
    [Fact]
    public async Task Downloads_Refusals_AndRedirects_AreCounted()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = "", BytesPerSecond = 40_000 };
        await using GatewayScene scene = await GatewayScene.StartAsync(
            directory, release, [new Uri(provider.Url)],
            options => options with { Admission = new AdmissionOptions { MaxStreamsPerClient = 1, MaxWait = TimeSpan.FromMilliseconds(100) } });
        await scene.ReadyAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/rootfs");
        using HttpResponseMessage running = await scene.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using HttpResponseMessage refused = await scene.Client.GetAsync("/kernel");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        using HttpResponseMessage elsewhere = await scene.Client.GetAsync("/kernel?redirect=1");
        Assert.Equal(HttpStatusCode.TemporaryRedirect, elsewhere.StatusCode);

        string[] expected =
        [
            "phase_gateway_downloads{state=\"active\"} 1", "phase_gateway_downloads{state=\"slow\"} 0",
            $"phase_gateway_downloads_limit {new AdmissionOptions().MaxStreams}", "phase_gateway_downloads_waiting{priority=\"boot\"} 0",
            "phase_gateway_downloads_admitted_total 1", "phase_gateway_downloads_waited_total 1",
            "phase_gateway_downloads_refused_total{limit=\"client_streams\"} 1",
            "phase_gateway_downloads_refused_total{limit=\"queue\"} 0", "phase_gateway_redirects_total 1",
            "phase_gateway_https_requests_total 0", "phase_gateway_reports_total{event=\"queued\"} 0", "phase_gateway_reports_waiting 0",
        ];
        string[] missing = expected;

        // An answer is as old as a second.
        await Eventually.IsAsync(async () =>
        {
            string[] lines = (await scene.Client.GetStringAsync("/metrics")).Split('\n');
            missing = [.. expected.Except(lines)];
            return missing.Length == 0;
        });
    }
}
