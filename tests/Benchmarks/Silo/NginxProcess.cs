using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Silo;

/// <summary>nginx serving a folder with sendfile, set up as its manual advises for large files; on loopback, as this user.</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private NginxProcess(ChildProcess process, int port)
    {
        _process = process;
        Url = new Uri($"http://127.0.0.1:{port}");
    }

    public Uri Url { get; }

    public int Id => _process.Id;

    public static async Task<NginxProcess> StartAsync(string root, string folder)
    {
        if (!File.Exists("/usr/sbin/nginx"))
        {
            throw new BenchmarkAbsentException("nginx is not installed; run: deploy/setup.sh bench");
        }

        int port = LoopbackPort.Free();
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
                open_file_cache max=100;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                default_type application/octet-stream;
                server { listen 127.0.0.1:{{port}}; root {{root}}; }
            }
            """);
        NginxProcess nginx = new(ChildProcess.Start("nginx", "/usr/sbin/nginx", ["-c", configuration, "-p", folder]), port);
        await HttpProbe.WaitForOkAsync(new Uri(nginx.Url, "/manifest.json"), TimeSpan.FromSeconds(30), nginx._process);
        return nginx;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
