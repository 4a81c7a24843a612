using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>nginx as a proxy, tuned for large bodies: upstream connections are kept, buffers hold what a socket does.</summary>
internal static class NginxProxy
{
    public const string Name = "nginx proxy_pass, tuned";

    private const string CacheSettings = """
        proxy_cache bench;
        proxy_cache_valid 200 1h;
        proxy_cache_lock on;
        proxy_cache_lock_timeout 60s;
        proxy_cache_lock_age 60s;
        """;

    /// <param name="files">Where it may keep its files.</param>
    /// <param name="origin">What it passes requests to.</param>
    /// <param name="isCaching">Keeps what it passed, and has the others wait who ask for the same meanwhile.</param>
    public static Task<NginxProcess> StartAsync(OriginFiles files, Uri origin, bool isCaching = false)
    {
        int port = LoopbackPort.Free();
        string folder = files.FolderOf(isCaching ? "cache.nginx" : "proxy.nginx");
        return NginxProcess.StartAsync(
            folder,
            $$"""
            proxy_cache_path {{folder}}/cache keys_zone=bench:10m max_size=4g;
            upstream origin { server {{origin.Authority}}; keepalive 64; keepalive_requests 1000000000; }
            server {
                listen 127.0.0.1:{{port}};
                location / {
                    proxy_pass http://origin;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_buffering on;
                    proxy_buffer_size 64k;
                    proxy_buffers 16 64k;
                    {{(isCaching ? CacheSettings : "proxy_max_temp_file_size 0;")}}
                }
            }
            """,
            new Uri($"http://127.0.0.1:{port}/"));
    }
}
