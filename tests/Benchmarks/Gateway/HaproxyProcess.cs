using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>haproxy with splice before one or more servers, by least connections; on loopback, as this user.</summary>
internal sealed class HaproxyProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private HaproxyProcess(ChildProcess process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }

    public int Id => _process.Id;

    public static async Task<HaproxyProcess> StartAsync(OriginFiles files, IEnumerable<Uri> origins)
    {
        const string Program = "/usr/sbin/haproxy";
        if (!File.Exists(Program))
        {
            throw new BenchmarkAbsentException("haproxy is not installed; run: deploy/setup.sh bench");
        }

        int port = LoopbackPort.Free();
        string configuration = Path.Combine(files.FolderOf("haproxy"), "haproxy.cfg");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            global
                nbthread {{Environment.ProcessorCount}}
                maxconn 1024
            defaults
                mode http
                option splice-response
                http-reuse always
                timeout connect 5s
                timeout client 60s
                timeout server 60s
            frontend clients
                bind 127.0.0.1:{{port}}
                default_backend origins
            backend origins
                balance leastconn
            {{string.Join('\n', origins.Select((origin, index) => $"    server origin{index} {origin.Authority}"))}}

            """);
        ChildProcess process = ChildProcess.Start("haproxy", Program, ["-db", "-f", configuration]);
        HaproxyProcess haproxy = new(process, new Uri($"http://127.0.0.1:{port}/"));
        await HttpProbe.WaitForOkAsync(haproxy.Url, TimeSpan.FromSeconds(30), haproxy._process);
        return haproxy;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
