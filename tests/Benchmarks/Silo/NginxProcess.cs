using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Silo;

/// <summary>nginx, set up as its manual advises for large files; on loopback, as this user.</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private NginxProcess(ChildProcess process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }

    public int Id => _process.Id;

    /// <summary>Serves a folder that has a manifest.json with sendfile.</summary>
    public static Task<NginxProcess> StartAsync(string root, string folder)
    {
        int port = LoopbackPort.Free();
        return StartAsync(
            folder, $"server {{ listen 127.0.0.1:{port}; root {root}; }}", new Uri($"http://127.0.0.1:{port}/manifest.json"));
    }

    /// <param name="folder">Where it keeps its files.</param>
    /// <param name="http">What stands in the http block besides.</param>
    /// <param name="ready">Answers 200 once it serves.</param>
    public static async Task<NginxProcess> StartAsync(string folder, string http, Uri ready)
    {
        if (!File.Exists("/usr/sbin/nginx"))
        {
            throw new BenchmarkAbsentException("nginx is not installed; run: deploy/setup.sh bench");
        }

        string configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            daemon off;
            {{(Environment.IsPrivilegedProcess ? "user root;" : string.Empty)}}
            worker_processes {{Environment.ProcessorCount}};
            pid {{folder}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 1024; }
            http {
                access_log off;
                sendfile on;
                tcp_nopush on;
                keepalive_requests 1000000000;
                open_file_cache max=1000;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                default_type application/octet-stream;
                {{http}}
            }
            """);
        NginxProcess nginx = new(ChildProcess.Start("nginx", "/usr/sbin/nginx", ["-c", configuration, "-p", folder]), new Uri(ready, "/"));
        await HttpProbe.WaitForOkAsync(ready, TimeSpan.FromSeconds(30), nginx._process);
        return nginx;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
