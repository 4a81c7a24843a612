using Npgsql;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>
/// Hears other silos' changes. PostgreSQL delivers notices in the order of commits, so this silo's own beat, sent as a notice too,
/// proves on its return that everything committed before it was sent has been heard. Without beats coming back the cache is not trusted;
/// after a new connection all that was read before is asked for again.
/// </summary>
internal sealed class PostgresListener : IAsyncDisposable
{
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(1);

    private readonly PostgresConnections _connections;
    private readonly string _schema;
    private readonly string _runId;
    private readonly IChangeSink _changes;
    private readonly TimeProvider _time;
    private readonly TimeSpan _beatPeriod;
    private readonly ClusterLog _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private long _beatSent;
    private string _beat = "";
    private bool _isBeatBack = true;

    public PostgresListener(
        PostgresConnections connections, string schema, string runId, IChangeSink changes, GrainClusterOptions options, ClusterLog log)
    {
        (_connections, _schema, _runId, _changes, _time, _log) = (connections, schema, runId, changes, options.TimeProvider, log);
        _beatPeriod = options.FreshnessBound / 4;
    }

    /// <summary>Ends when the first beat came back.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_loop.IsCompleted)
        {
            _loop = Task.Run(RunAsync, CancellationToken.None);
        }

        return _heard.Task.WaitAsync(_connections.CommandLimit, _time, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        bool isLost = false;
        for (int failures = 0; !_stop.IsCancellationRequested;)
        {
            try
            {
                await using NpgsqlConnection connection = await _connections.OpenHeldAsync(_stop.Token);
                connection.Notification += (_, notice) => Hear(notice);
                await ExecuteAsync(connection, $"LISTEN {_schema}_changes; LISTEN {_schema}_beat_{_runId}");
                _changes.OnChangesMissed();
                if (isLost)
                {
                    _log.ChangesBack(_connections.Description);
                    isLost = false;
                }

                failures = 0;
                await ListenAsync(connection);
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                if (!isLost)
                {
                    _log.ChangesLost(_connections.Description, exception.Message);
                    isLost = true;
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

    private async Task ListenAsync(NpgsqlConnection connection)
    {
        _isBeatBack = true;
        for (long number = 0; ; number++)
        {
            if (!_isBeatBack && _time.GetElapsedTime(_beatSent) > _connections.CommandLimit)
            {
                throw new TimeoutException($"Its notices haven't come for {_connections.CommandLimit.TotalSeconds} s.");
            }

            if (_isBeatBack)
            {
                _beat = $"{number}";
                _isBeatBack = false;
                _beatSent = _time.GetTimestamp();
                await ExecuteAsync(connection, $"SELECT pg_notify('{_schema}_beat_{_runId}', '{_beat}')");
            }

            // Notices come while this waits; Npgsql raises them on this thread.
            long until = _time.GetTimestamp();
            while (_time.GetElapsedTime(until) is var waited && waited < _beatPeriod)
            {
                await connection.WaitAsync(_beatPeriod - waited, _stop.Token);
            }
        }
    }

    private void Hear(NpgsqlNotificationEventArgs notice)
    {
        if (!notice.Channel.StartsWith($"{_schema}_beat_", StringComparison.Ordinal))
        {
            ChangeNotice.TryRead(notice.Payload, _runId, _changes);
        }
        else if (notice.Payload == _beat)
        {
            _isBeatBack = true;
            _changes.OnCaughtUp(_beatSent);
            _heard.TrySetResult();
        }
    }

    private async Task ExecuteAsync(NpgsqlConnection connection, string text)
    {
#pragma warning disable CA2100 // Made of a checked schema name and digits.
        await using NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(_stop.Token).WaitAsync(_connections.CommandLimit, _time, _stop.Token);
    }
}
