using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>nginx that serves <see cref="OriginFiles"/> by sendfile.</summary>
internal static class Origin
{
    public static Task<NginxProcess> StartAsync(OriginFiles files)
    {
        int port = LoopbackPort.Free();
        return NginxProcess.StartAsync(
            files.FolderOf("origin.nginx"),
            $$"""
            server {
                listen 127.0.0.1:{{port}};
                root {{files.Root}};
                location = / { try_files /status.json =404; }
                location /blobs/ { add_header Cache-Control "public, max-age=31536000, immutable"; }
            }
            """,
            new Uri($"http://127.0.0.1:{port}/"));
    }
}
