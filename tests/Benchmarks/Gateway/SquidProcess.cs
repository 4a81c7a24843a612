using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>squid before one origin: caches in memory, and fetches once what several ask for at a time; on loopback.</summary>
internal sealed class SquidProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private SquidProcess(ChildProcess process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }

    public static async Task<SquidProcess> StartAsync(OriginFiles files, Uri origin)
    {
        const string Program = "/usr/sbin/squid";
        if (!File.Exists(Program))
        {
            throw new BenchmarkAbsentException("squid is not installed; run: deploy/setup.sh bench");
        }

        int port = LoopbackPort.Free();
        string configuration = Path.Combine(files.FolderOf("squid"), "squid.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            http_port 127.0.0.1:{{port}} accel defaultsite={{origin.Authority}} no-vhost
            cache_peer 127.0.0.1 parent {{origin.Port}} 0 no-query no-digest originserver
            http_access allow all
            collapsed_forwarding on
            cache_mem 4 GB
            maximum_object_size_in_memory 1 GB
            maximum_object_size 1 GB
            access_log none
            cache_log /dev/null
            pid_filename none
            netdb_filename none
            pinger_enable off
            coredump_dir /
            max_filedescriptors 4096
            visible_hostname bench.invalid

            """);
        SquidProcess squid = new(ChildProcess.Start("squid", Program, ["-N", "-f", configuration]), new Uri($"http://127.0.0.1:{port}/"));
        await HttpProbe.WaitForOkAsync(squid.Url, TimeSpan.FromSeconds(60), squid._process);
        return squid;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
