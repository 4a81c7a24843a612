using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Telemetry.Tests.Hosts;

/// <summary>plasmd told by OpenTelemetry's variables to push.</summary>
public class OtlpTests
{
    [Fact]
    public async Task Plasmd_WithAnEndpoint_PushesSteadyAndPassingMetrics()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        directory.Write(release);
        TaskCompletionSource<string> heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        HashSet<string> wanted = ["phase.provider.ready", "phase.provider.release.number", "process.resident_memory", "plasmd"];
        await using WebApplication collector = Collector(body =>
        {
            lock (wanted)
            {
                wanted.RemoveWhere(name => body.Contains(name, StringComparison.Ordinal));
                if (wanted.Count == 0)
                {
                    heard.TrySetResult(body);
                }
            }
        });
        await collector.StartAsync();
        string endpoint = collector.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await using ChildProcess plasmd = Start(directory, ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"));
        Task first = await Task.WhenAny(heard.Task, Task.Delay(Programs.Limit, TimeProvider.System));
        Assert.True(first == heard.Task, $"Not pushed: {string.Join(", ", wanted)}.{plasmd.Tail()}");
    }

    [Fact]
    public async Task Plasmd_WithAnEndpointThatIsNoUrl_SaysSoAndEnds()
    {
        using ReleaseDirectory directory = new();
        Directory.CreateDirectory(directory.Artifacts);
        await using ChildProcess plasmd = Start(directory, ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"));
        await plasmd.WaitForLineAsync("OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL, found 'collector:4317'", Programs.Limit);
        Assert.Equal(1, await plasmd.WaitForExitAsync(Programs.Limit));
    }

    private static ChildProcess Start(ReleaseDirectory directory, params (string Name, string Value)[] environment) => ChildProcess.Start(
        "plasmd", "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "plasmd.dll"), "serve", "--artifacts", directory.Artifacts, "--channel", "stable",
            "--arch", "x86_64", "--bind", "127.0.0.1", "--port", "0", "--state-dir", directory.At("plasmd"), "--mode", "private",
        ],
        (ProcessStartInfo start) => Array.ForEach(environment, variable => start.Environment[variable.Name] = variable.Value));

    private static WebApplication Collector(Action<string> take)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        WebApplication app = builder.Build();
        app.MapPost("/v1/metrics", async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            take(Encoding.Latin1.GetString(body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
            await context.Response.CompleteAsync();
        });
        return app;
    }
}
