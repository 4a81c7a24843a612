using Microsoft.Data.Sqlite;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Sqlite;

/// <summary>
/// Sees what other processes wrote: <c>PRAGMA data_version</c> (a look at shared memory) tells that something was committed, the rows'
/// change numbers tell what. The look begins before it is answered, so everything committed before its beginning has been told.
/// </summary>
internal sealed class SqliteWatcher(SqliteStore store, TimeProvider time, ClusterLog log) : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;

    public Task StartAsync(IChangeSink changes)
    {
        if (_loop.IsCompleted)
        {
            _loop = Task.Run(() => RunAsync(changes));
        }

        return _looked.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(IChangeSink changes)
    {
        bool isLost = false;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using SqliteConnection connection = store.Open(isPooled: false);
                long change = SqliteStore.Number(connection, "SELECT value FROM change_counter");
                long events = LastEvent(connection);
                changes.OnChangesMissed();
                if (isLost)
                {
                    log.ChangesBack(store.Description);
                    isLost = false;
                }

                await LookAsync(connection, change, events, changes);
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                if (!isLost)
                {
                    log.ChangesLost(store.Description, exception.Message);
                    isLost = true;
                }

                await Task.Delay(RetryDelay, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static long LastEvent(SqliteConnection connection) =>
        SqliteStore.Number(connection, "SELECT COALESCE(MAX(sequence), 0) FROM event");

    private async Task LookAsync(SqliteConnection connection, long change, long events, IChangeSink changes)
    {
        using SqliteCommand version = connection.CreateCommand();
        version.CommandText = "PRAGMA data_version";
        using SqliteCommand changed = connection.CreateCommand();
        changed.CommandText = "SELECT grain, key, version, change FROM state WHERE change > @change ORDER BY change";
        changed.Parameters.AddWithValue("@change", change);
        long seen = -1;
        while (true)
        {
            long began = time.GetTimestamp();
            long now = (long)version.ExecuteScalar()!;
            if (now != seen)
            {
                seen = now;
                changed.Parameters[0].Value = change;
                using (SqliteDataReader reader = changed.ExecuteReader())
                {
                    while (reader.Read())
                    {
                        changes.OnChanged(new StateId(reader.GetString(0), reader.GetString(1)).Hash(), reader.GetInt64(2));
                        change = reader.GetInt64(3);
                    }
                }

                long last = LastEvent(connection);
                if (last != events)
                {
                    events = last;
                    changes.OnEvents();
                }
            }

            changes.OnCaughtUp(began);
            _looked.TrySetResult();
            await Task.Delay(Period, time, _stop.Token);
        }
    }
}
