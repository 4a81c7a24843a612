using System.Data.Common;
using Microsoft.Data.Sqlite;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Sql;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Sqlite;

/// <summary>One SQLite file as seen by one silo. Write-ahead log, and every batch is on the disk before it is acknowledged.</summary>
internal sealed class SqliteStore : IStore
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int InputOutput = 10;
    private const int Full = 13;
    private const int CantOpen = 14;

    private readonly string _path;
    private readonly SqliteWatcher _watcher;
    private readonly ClusterLog _log;

    public SqliteStore(string path, GrainClusterOptions options, ClusterLog log)
    {
        (_path, _log) = (path, log);
        _watcher = new SqliteWatcher(this, options.TimeProvider, log);
        Tables = new SqlTables(
            new SqlDialect(
                "",
                "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
                "",
                SqliteSchema.Field,
                SqliteSchema.Field,
                "CAST({0} AS TEXT)"),
            _ => ValueTask.FromResult<DbConnection>(Open(isPooled: true)));
    }

    public string Description => $"SQLite file {Path.GetFileName(_path)}";

    public int WriteLanes => 1;

    public int ReadLanes => 2;

    public IStoreTables Tables { get; }

    public async Task StartAsync(StorePlan plan, IChangeSink changes, CancellationToken cancellationToken)
    {
        int from = await Task.Run(() => SqliteSchema.Ensure(this, plan), cancellationToken);
        if (from < SqliteSchema.Version)
        {
            _log.Migrated(Description, from, SqliteSchema.Version);
        }

        await _watcher.StartAsync(changes);
    }

    public Task ProbeAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using SqliteConnection connection = Open(isPooled: false);
            Run(connection, "BEGIN IMMEDIATE; ROLLBACK");
        },
        cancellationToken);

    /// <summary>A lock that others hold longer than the busy time-out counts as away: nothing was changed, and it may last.</summary>
    public StorageFault Classify(Exception exception) => exception switch
    {
        SqliteException { SqliteErrorCode: Busy or Locked or InputOutput or Full or CantOpen } => StorageFault.Away,
        SqliteException => StorageFault.Rejected,
        IOException or TimeoutException or OperationCanceledException => StorageFault.Away,
        _ => StorageFault.Rejected,
    };

    public IStoreLane OpenLane() => new SqliteLane(this);

    public async ValueTask DisposeAsync()
    {
        await _watcher.DisposeAsync();
        using SqliteConnection pooled = new(ConnectionString(isPooled: true));
        SqliteConnection.ClearPool(pooled);
    }

    public SqliteConnection Open(bool isPooled)
    {
        SqliteConnection connection = new(ConnectionString(isPooled));
        try
        {
            connection.Open();
            Run(connection, "PRAGMA busy_timeout = 1000; PRAGMA synchronous = FULL");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static void Run(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Made of constants, checked kinds and C# identifiers.
        command.CommandText = text;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    public static long Number(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants.
        command.CommandText = text;
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>The driver's own wait sleeps 150 ms at a time; SQLite's busy handler, set above, is finer and comes first.</summary>
    private string ConnectionString(bool isPooled) =>
        new SqliteConnectionStringBuilder { DataSource = _path, Pooling = isPooled, DefaultTimeout = 1 }.ConnectionString;
}
