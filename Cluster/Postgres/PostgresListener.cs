using Npgsql;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>
/// Hears other silos' hints, so that their changes are usually seen within milliseconds. Nothing depends on a hint:
/// <see cref="PostgresChangeLog"/> finds every change by itself.
/// </summary>
internal sealed class PostgresListener(
    PostgresConnections connections, string schema, long run, GrainClusterOptions options, ClusterLog log) : IAsyncDisposable
{
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbePeriod = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = options.TimeProvider;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Start(IChangeSink changes)
    {
        if (_loop.IsCompleted)
        {
            _loop = Task.Run(() => RunAsync(changes));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(IChangeSink changes)
    {
        for (int failures = 0; !_stop.IsCancellationRequested;)
        {
            try
            {
                await using NpgsqlConnection connection = await connections.OpenHeldAsync(_stop.Token);
                connection.Notification += (_, notice) => ChangeNotice.TryRead(notice.Payload, run, changes);
                await ExecuteAsync(connection, $"LISTEN {schema}_changes");
                failures = 0;
                while (true)
                {
                    // Notices come while this waits. A connection that is dead without knowing it shows when it is asked something.
                    if (!await connection.WaitAsync(ProbePeriod, _stop.Token))
                    {
                        await ExecuteAsync(connection, "SELECT 1");
                    }
                }
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                if (failures == 0)
                {
                    log.RoundFailed("Listening for hints of changes", exception.Message);
                }

                TimeSpan delay = TimeSpan.FromMilliseconds(50 << Math.Min(failures++, 5));
                await Task.Delay(delay < MaxRetryDelay ? delay : MaxRetryDelay, _time, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ExecuteAsync(NpgsqlConnection connection, string text)
    {
#pragma warning disable CA2100 // Made of a checked schema name.
        await using NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(_stop.Token).WaitAsync(connections.CommandLimit, _time, _stop.Token);
    }
}
