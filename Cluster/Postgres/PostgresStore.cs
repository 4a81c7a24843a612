using Npgsql;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>PostgreSQL as seen by one silo.</summary>
internal sealed class PostgresStore : IStore
{
    private readonly PostgresConnections _connections;
    private readonly string _schema;
    private readonly GrainClusterOptions _options;
    private readonly ClusterLog _log;
    private readonly long _run = Random.Shared.NextInt64();
    private readonly PostgresChangeLog _changeLog;
    private readonly PostgresListener _listener;

    public PostgresStore(PostgresConnections connections, string schema, GrainClusterOptions options, ClusterLog log)
    {
        (_connections, _schema, _options, _log) = (connections, schema, options, log);
        Tables = PostgresTables.Create(schema, connections);
        _changeLog = new PostgresChangeLog(connections, schema, _run, options, log);
        _listener = new PostgresListener(connections, schema, _run, options, log);
    }

    public string Description => _connections.Description;

    /// <summary>
    /// One batch travels while another is made durable. More make batches smaller and cost the server more (8: twice as much at 16
    /// callers); the third pays where a busy machine keeps the others waiting.
    /// </summary>
    public int WriteLanes => 3;

    public int ReadLanes => 2;

    public IStoreTables Tables { get; }

    public async Task StartAsync(StorePlan plan, IChangeSink changes, CancellationToken cancellationToken)
    {
        await new PostgresSchema(_schema, _connections, _log).EnsureAsync(plan, cancellationToken);
        _listener.Start(changes);
        await _changeLog.StartAsync(changes, cancellationToken);
    }

    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await _connections.OpenHeldAsync(cancellationToken);
        await using NpgsqlCommand command = new("SELECT pg_is_in_recovery()", connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is true)
        {
            throw new IOException("The server is a standby and takes no writes.");
        }
    }

    public StorageFault Classify(Exception exception) => exception switch
    {
        PostgresException { SqlState: "40001" or "40P01" or "55P03" or "57014" } => StorageFault.Transient,
        PostgresException { SqlState: ['0', '8', ..] or ['5', '3', ..] or ['5', '7', ..] or ['5', '8', ..] or "25006" or "XX000" } =>
            StorageFault.Away,
        PostgresException => StorageFault.Rejected,
        NpgsqlException or IOException or TimeoutException or OperationCanceledException or System.Net.Sockets.SocketException
            or ObjectDisposedException => StorageFault.Away,
        InvalidOperationException { Source: "Npgsql" } => StorageFault.Away,
        _ => StorageFault.Rejected,
    };

    public IStoreLane OpenLane() => new PostgresLane(_connections, _schema, _run, _changeLog, _options.TimeProvider);

    public async ValueTask DisposeAsync()
    {
        await _changeLog.DisposeAsync();
        await _listener.DisposeAsync();
        await _connections.DisposeAsync();
    }
}
