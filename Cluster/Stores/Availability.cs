using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Storage;

namespace PhaseMesh.Cluster.Stores;

/// <summary>
/// Whether the storage answers. Whoever meets a failure says so; one prober then asks until it answers again. Requests wait for that
/// only as long as the outage is younger than the options' <c>FailFastAfter</c>.
/// </summary>
internal sealed class Availability(IStore store, TimeSpan failFastAfter, TimeProvider time, ClusterLog log) : IAsyncDisposable
{
    private static readonly TimeSpan ProbePeriod = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Outage? _outage;
    private Task _prober = Task.CompletedTask;

    public bool IsUp => Volatile.Read(ref _outage) is null;

    public bool FailsFast => Volatile.Read(ref _outage) is { } outage && time.GetElapsedTime(outage.Began) >= failFastAfter;

    /// <param name="exception">What was met.</param>
    /// <param name="began">Timestamp from which on nothing was answered.</param>
    public void MarkDown(Exception exception, long began)
    {
        lock (_gate)
        {
            if (_outage is not null || _stop.IsCancellationRequested)
            {
                return;
            }

            Outage outage = new(began, time.GetUtcNow() - time.GetElapsedTime(began), exception);
            Volatile.Write(ref _outage, outage);
            log.StorageLost(store.Description, exception.Message);
            _prober = ProbeAsync(outage);
        }
    }

    /// <returns>False: it is still away, and for so long that requests should fail now.</returns>
    public async ValueTask<bool> WaitUntilUpAsync()
    {
        if (Volatile.Read(ref _outage) is not { } outage)
        {
            return true;
        }

        TimeSpan rest = failFastAfter - time.GetElapsedTime(outage.Began);
        if (rest > TimeSpan.Zero)
        {
            await outage.Over.Task.WaitAsync(rest, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return outage.Over.Task.IsCompletedSuccessfully;
    }

    /// <param name="what">What was tried, such as "write Counter.count/a".</param>
    /// <param name="began">Timestamp of the try; what counts while no outage is known.</param>
    /// <param name="isOutcomeUnknown">Whether it may have happened.</param>
    public StorageUnavailableException Explain(string what, long began, bool isOutcomeUnknown)
    {
        Outage? outage = Volatile.Read(ref _outage);
        DateTimeOffset since = outage?.Since ?? time.GetUtcNow() - time.GetElapsedTime(began);
        return new StorageUnavailableException(
            $"{store.Description} hasn't answered since {since:yyyy-MM-dd HH:mm:ss.fff}Z; could not {what}"
            + (isOutcomeUnknown ? ", and it is unknown whether it happened." : "; nothing was changed.")
            + (outage is null ? "" : $" Last failure: {outage.Reason.Message}"),
            since,
            isOutcomeUnknown,
            outage?.Reason);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _prober.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ProbeAsync(Outage outage)
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                limit.CancelAfter(ProbeLimit);
                await store.ProbeAsync(limit.Token).WaitAsync(ProbeLimit * 2, time, _stop.Token);
                Volatile.Write(ref _outage, null);
                log.StorageBack(store.Description, time.GetElapsedTime(outage.Began).TotalSeconds);
                outage.Over.TrySetResult();
                return;
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                // Still away, for whatever reason; the one that began the outage is what calls report.
                log.StorageStillAway(store.Description, exception.Message);
            }

            await Task.Delay(ProbePeriod, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private sealed record Outage(long Began, DateTimeOffset Since, Exception Reason)
    {
        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
