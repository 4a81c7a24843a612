using Npgsql;
using PhaseMesh.Cluster.Hosting;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>
/// The connections of one silo: some held for batches, a small pool for the rest. Both give up on the server before a call's limit, so
/// that there is time to say so; the server gives up on them, so that a silo frozen in the middle holds no lock for long.
/// </summary>
internal sealed class PostgresConnections : IAsyncDisposable
{
    private const int PoolSize = 4;

    private readonly NpgsqlDataSource _held;
    private readonly NpgsqlDataSource _pool;

    public PostgresConnections(string connectionString, GrainClusterOptions options)
    {
        int seconds = Math.Max(1, (int)(options.CallLimit.TotalSeconds * 0.6));
        CommandLimit = TimeSpan.FromSeconds(seconds) + TimeSpan.FromMilliseconds(500);
        NpgsqlConnectionStringBuilder builder = new(connectionString)
        {
            Pooling = false,
            Timeout = 2,
            CommandTimeout = seconds,
            CancellationTimeout = -1,
            ApplicationName = $"phasemesh {options.SiloName}",
            Enlist = false,
            ReadBufferSize = 32 * 1024,
            WriteBufferSize = 64 * 1024,
            MaxAutoPrepare = 0,
        };
        Description = $"PostgreSQL at {builder.Host}:{builder.Port}/{builder.Database}";

        // Batches name their rows by primary key, whatever the planner thinks of an empty table: index look-ups, in the order of the batch;
        // and planned once, for planning a small batch takes longer than running it.
        string settings = $"-c statement_timeout={seconds * 1000} -c lock_timeout={Math.Max(500, seconds * 700)} "
            + "-c idle_in_transaction_session_timeout=5000 -c jit=off -c client_min_messages=warning";
        string given = builder.Options is { Length: > 0 } options2 ? options2 + " " : "";
        builder.Options = given + settings + " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c "
            + "enable_bitmapscan=off -c plan_cache_mode=force_generic_plan";
        _held = NpgsqlDataSource.Create(builder);
        builder.Options = given + settings;
        builder.Pooling = true;
        builder.MaxPoolSize = PoolSize;
        builder.ConnectionIdleLifetime = 30;
        _pool = NpgsqlDataSource.Create(builder);
    }

    public string Description { get; }

    /// <summary>After which a command that the driver still waits for is given up.</summary>
    public TimeSpan CommandLimit { get; }

    public ValueTask<NpgsqlConnection> OpenHeldAsync(CancellationToken cancellationToken) => _held.OpenConnectionAsync(cancellationToken);

    public ValueTask<NpgsqlConnection> OpenPooledAsync(CancellationToken cancellationToken) => _pool.OpenConnectionAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _held.DisposeAsync();
        await _pool.DisposeAsync();
    }
}
