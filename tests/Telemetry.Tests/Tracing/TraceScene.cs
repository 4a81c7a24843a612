using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Telemetry.Tests.Dashboards;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.Telemetry.Tests.Tracing;

/// <summary>A silo, a provider and a gateway before both, as processes that send spans to one collector; the test is the machine.</summary>
internal sealed class TraceScene : IAsyncDisposable
{
    private readonly ReleaseDirectory _directory = new();
    private readonly TestRelease _release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 4 << 20, ChunkSizeBytes = 1 << 20 });
    private readonly SignedCaller _caller = new();
    private readonly HttpClient _http = new() { Timeout = Programs.Limit };
    private readonly Ed25519PrivateKey _agent = Ed25519PrivateKey.Generate();
    private readonly List<ChildProcess> _processes = [];
    private readonly (string Variable, string Value)[] _sampling;

    private TraceScene((string Variable, string Value)[] sampling) => _sampling = sampling;

    public OtlpReceiver Collector { get; } = new();

    public Uri Silo { get; private set; } = null!;

    public Uri Provider { get; private set; } = null!;

    public Uri Gateway { get; private set; } = null!;

    public static async Task<TraceScene> StartAsync(params (string Variable, string Value)[] sampling)
    {
        TraceScene scene = new(sampling);
        try
        {
            scene._directory.Write(scene._release);
            scene.Silo = await scene.StartAsync("plasmd", "silo", "/v1/cluster", "serve", "--cluster-database",
                $"sqlite:{scene._directory.At("fleet.db")}", "--silo-name", "silo", "--dht-port", "0");
            scene.Provider = await scene.StartAsync("plasmd", "provider", "/readyz", "serve", "--artifacts", scene._directory.Artifacts,
                "--channel", "stable", "--arch", "x86_64", "--mode", "private");
            scene.Gateway = await scene.StartAsync("phase-gateway", "gateway", "/readyz", "serve", "--memory", "64MiB",
                "--trust", scene._release.Key.PublicKey.KeyId, "--provider", scene.Provider.ToString(), "--silo", scene.Silo.ToString());
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>A boot begins.</summary>
    public async Task<string> CreateBootAsync()
    {
        string id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await _caller.SendAsync(
            Silo, HttpMethod.Post, "/v1/boots", new { boot_id = id, channel = "stable", arch = "x86_64", mode = "internet" }, _agent,
            HttpStatusCode.Created);
        return id;
    }

    /// <summary>Spans as phase-agent tells them, signed by the key of the boot.</summary>
    /// <param name="spans">Id, parent's id or empty, name, status.</param>
    public Task TellSpansAsync(Uri at, string bootId, params (string Id, string Parent, string Name, int Status)[] spans)
    {
        IEnumerable<string> written = spans.Select(span => $$"""
            {"traceId":"{{bootId}}","spanId":"{{span.Id}}","parentSpanId":"{{span.Parent}}","name":"{{span.Name}}","kind":1,
             "startTimeUnixNano":"1763760000000000000","endTimeUnixNano":"1763760001000000000","status":{"code":{{span.Status}} } }
            """);
        byte[] body = Encoding.UTF8.GetBytes("""{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":"""
            + """{"stringValue":"phase-agent"}}]},"scopeSpans":[{"spans":[""" + string.Join(',', written) + "]}]}]}");
        return _caller.SendAsync(at, HttpMethod.Post, $"/v1/boots/{bootId}/spans", body, _agent, HttpStatusCode.NoContent);
    }

    /// <summary>A request of the machine, below one of its spans; null: of no trace.</summary>
    public async Task<byte[]> GetAsync(Uri url, string? traceParent, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, url);
        if (traceParent is not null)
        {
            request.Headers.Add("traceparent", traceParent);
        }

        using HttpResponseMessage answer = await _http.SendAsync(request);
        byte[] content = await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal(expected, answer.StatusCode);
        return content;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        await Collector.DisposeAsync();
        _http.Dispose();
        _caller.Dispose();
        _agent.Dispose();
        _release.Dispose();
        _directory.Dispose();
    }

    private async Task<Uri> StartAsync(string program, string name, string readyPath, params string[] arguments)
    {
        Uri url = new($"http://127.0.0.1:{LoopbackPort.Free()}/");
        ChildProcess process = ChildProcess.Start(
            name, "dotnet",
            [Programs.FileOf(program), .. arguments, "--bind", "127.0.0.1", "--port", $"{url.Port}", "--state-dir", _directory.At(name)],
            (ProcessStartInfo start) =>
            {
                Programs.Clean(start);
                foreach ((string variable, string value) in Collector.Environment.Concat(_sampling))
                {
                    start.Environment[variable] = value;
                }
            });
        _processes.Add(process);
        await HttpProbe.WaitForOkAsync(new Uri(url, readyPath), Programs.Limit, process);
        return url;
    }
}
