using System.Globalization;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.Postgres;

/// <summary>
/// A PostgreSQL server of its own: new data directory, a free loopback port and a unix socket, fsync on. It can be stopped, killed,
/// frozen and have its connections cut. As root it runs as the user postgres, for it refuses to run as root.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string _directory;
    private ChildProcess? _process;
    private int _databases;

    private PostgresServer(string directory) => (_directory, Port) = (directory, LoopbackPort.Free());

    public int Port { get; }

    public int ProcessId => Running.Id;

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => Path.Combine(_directory, "data");

    private ChildProcess Running => _process ?? throw new InvalidOperationException("PostgreSQL was stopped.");

    public static async Task<PostgresServer> StartNewAsync()
    {
        PostgresServer server = new(Directory.CreateTempSubdirectory("phasemesh-pg-").FullName);
        if (IsRoot)
        {
            await ChildProcess.RunAsync("chown", ["postgres:", server._directory], Limit);
        }

        await RunAsync("initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        await server.StartAsync();
        return server;
    }

    /// <summary>Over the unix socket, or over loopback TCP.</summary>
    public string ConnectionString(string database = "postgres", bool isTcp = false) =>
        $"Host={(isTcp ? "127.0.0.1" : _directory)};Port={Port};Username=postgres;Database={database}";

    /// <returns>The connection string of a new, empty database.</returns>
    public async Task<string> NewDatabaseAsync(bool isTcp = false)
    {
        string name = $"test{Interlocked.Increment(ref _databases)}";
        await SqlAsync($"CREATE DATABASE {name}");
        return ConnectionString(name, isTcp);
    }

    /// <summary>Runs a statement with psql.</summary>
    /// <returns>What it printed: unaligned rows without headings.</returns>
    public async Task<IReadOnlyList<string>> SqlAsync(string statement, string database = "postgres") =>
        [.. (await RunAsync(
            "psql", "-h", _directory, "-p", $"{Port}", "-U", "postgres", "-d", database, "-AtqX", "-v", "ON_ERROR_STOP=1", "-c", statement))
            .Select(line => line.Text)];

    /// <summary>Ends every client's connection, to one database or to all.</summary>
    public Task CutConnectionsAsync(string? database = null) => SqlAsync(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        + (database is null ? "" : $" AND datname = '{database}'"));

    public async Task StartAsync()
    {
        List<string> command =
        [
            $"{Binaries}/postgres", "-D", Data, "-p", $"{Port}", "-c", $"unix_socket_directories={_directory}",
            "-c", "listen_addresses=127.0.0.1",
            "-c", "max_connections=200", "-c", "fsync=on", "-c", "shared_buffers=128MB",
        ];
        _process = StartAsUser("postgres", command);
        await _process.WaitForLineAsync("database system is ready to accept connections", Limit);
    }

    /// <summary>Ends connections and shuts down cleanly.</summary>
    public async Task StopAsync()
    {
        await Running.SignalAsync("INT");
        await Running.WaitForExitAsync(Limit);
        await Running.DisposeAsync();
        _process = null;
    }

    /// <summary>
    /// As if the machine lost power: no process of it lives on. What was acknowledged must be there after <see cref="StartAsync"/>.
    /// </summary>
    public async Task KillAsync()
    {
        await Running.SignalAsync("QUIT");
        await Running.WaitForExitAsync(Limit);
        await Running.DisposeAsync();
        _process = null;
    }

    /// <summary>Freezes the server with all its processes: connections stay open and nothing answers.</summary>
    public Task PauseAsync() => SignalAllAsync("STOP");

    public Task ResumeAsync() => SignalAllAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await ResumeAsync();
            await KillAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static ChildProcess StartAsUser(string name, List<string> command) => IsRoot
        ? ChildProcess.Start(
            name, "setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", .. command], start => start.WorkingDirectory = "/")
        : ChildProcess.Start(name, command[0], command.Skip(1));

    /// <summary>The postmaster first, so that it starts nothing in between.</summary>
    private async Task SignalAllAsync(string signal)
    {
        await Running.SignalAsync(signal);
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) && ParentOf(id) == Running.Id)
            {
                await using ChildProcess kill = ChildProcess.Start("kill", "kill", [$"-{signal}", $"{id}"]);
                await kill.WaitForExitAsync(Limit);
            }
        }
    }

    private static async Task<IReadOnlyList<OutputLine>> RunAsync(string program, params string[] arguments)
    {
        await using ChildProcess process = StartAsUser(program, [$"{Binaries}/{program}", .. arguments]);
        int exitCode = await process.WaitForExitAsync(Limit);
        return exitCode == 0 ? process.Lines : throw new InvalidOperationException($"{program} ended with exit code "
            + $"{exitCode}.{process.Tail()}");
    }

    private static int ParentOf(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return 0;
        }
    }
}
