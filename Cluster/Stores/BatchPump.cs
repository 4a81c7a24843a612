using System.Collections.Concurrent;

namespace PhaseMesh.Cluster.Stores;

/// <summary>
/// Group commit: requests queue while a batch is under way and leave together in the next. A request that finds a lane idle starts it on
/// its own thread, so a single caller pays no hand-over.
/// </summary>
internal sealed class BatchPump<TRequest>(
    IStore store, Availability availability, int lanes, int maxBatch, TimeProvider time, Func<IStoreLane, List<TRequest>, Task> execute)
        : IAsyncDisposable
    where TRequest : StorageRequest
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<TRequest> _queue = [];
    private readonly ConcurrentBag<IStoreLane> _idle = [.. Enumerable.Range(0, lanes).Select(_ => store.OpenLane())];
    private int _idleCount = lanes;
    private int _running;
    private volatile bool _isClosed;
    private TaskCompletionSource? _drained;

    public int Waiting => _queue.Count;

    public void Submit(TRequest request)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (availability.FailsFast)
        {
            Fail(request);
            return;
        }

        _queue.Enqueue(request);
        StartLane();
    }

    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _drained, drained);
        if (Interlocked.CompareExchange(ref _running, 0, 0) != 0)
        {
            await drained.Task;
        }

        while (_idle.TryTake(out IStoreLane? lane))
        {
            await lane.DisposeAsync();
        }
    }

    private void StartLane()
    {
        if (Volatile.Read(ref _idleCount) > 0 && _idle.TryTake(out IStoreLane? lane))
        {
            Interlocked.Decrement(ref _idleCount);
            Interlocked.Increment(ref _running);
            if (ExecutionContext.IsFlowSuppressed())
            {
                _ = RunAsync(lane);
                return;
            }

            // The lane outlives the call that starts it, so it doesn't belong to that call's trace or turn.
            using (ExecutionContext.SuppressFlow())
            {
                _ = RunAsync(lane);
            }
        }
    }

    /// <summary>Owned by <see cref="_running"/>, which disposal waits for; never throws, as every failure goes to a request.</summary>
    private async Task RunAsync(IStoreLane lane)
    {
        List<TRequest> batch = new(64);
        while (Take(batch))
        {
            await RunBatchAsync(lane, batch);

            // Callers whose requests just ended queue their next ones first: fuller batches.
            await Task.Yield();
        }

        _idle.Add(lane);
        Interlocked.Increment(ref _idleCount);
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _drained?.TrySetResult();
        }

        // A request may have come between the last look and giving the lane back.
        if (!_queue.IsEmpty)
        {
            StartLane();
        }
    }

    private bool Take(List<TRequest> batch)
    {
        batch.Clear();
        long now = time.GetTimestamp();
        while (batch.Count < maxBatch && _queue.TryDequeue(out TRequest? request))
        {
            if (now >= request.Deadline || !request.TryTake())
            {
                Fail(request);
                continue;
            }

            batch.Add(request);
        }

        if (batch.Count > 1)
        {
            // One order in every silo: row locks are taken without deadlock. One state is named once; the other waits for the next batch.
            batch.Sort(static (left, right) => left.Id.CompareTo(right.Id));
            for (int i = batch.Count - 1; i > 0; i--)
            {
                if (batch[i] is StateWrite && batch[i].Id == batch[i - 1].Id)
                {
                    batch[i].PutBack();
                    _queue.Enqueue(batch[i]);
                    batch.RemoveAt(i);
                }
            }
        }

        return batch.Count > 0;
    }

    private async Task RunBatchAsync(IStoreLane lane, List<TRequest> batch)
    {
        for (int attempt = 1; batch.Count > 0; attempt++)
        {
            long began = time.GetTimestamp();
            try
            {
                await execute(lane, batch);
                return;
            }
            catch (Exception exception)
            {
                switch (store.Classify(exception))
                {
                    case StorageFault.Away:
                        availability.MarkDown(exception, began);
                        break;
                    case StorageFault.Rejected:
                        await RejectAsync(lane, batch, exception);
                        return;
                    default:
                        break;
                }
            }

            foreach (TRequest request in batch)
            {
                if (!request.IsOutcomeUnknown)
                {
                    request.PutBack();
                }
            }

            await Task.Delay(RetryDelay * Math.Min(attempt, 10) * Random.Shared.NextDouble(), time);
            bool isUp = await availability.WaitUntilUpAsync();
            long now = time.GetTimestamp();
            batch.RemoveAll(request =>
            {
                if (request.IsDone)
                {
                    return true;
                }

                if (isUp && now < request.Deadline && request.TryTake())
                {
                    return false;
                }

                Fail(request);
                return true;
            });
            if (!isUp)
            {
                while (_queue.TryDequeue(out TRequest? request))
                {
                    Fail(request);
                }
            }
        }
    }

    /// <summary>One request spoils the batch: the others go through one by one.</summary>
    private async Task RejectAsync(IStoreLane lane, List<TRequest> batch, Exception exception)
    {
        if (batch.Count == 1)
        {
            batch[0].Fail(exception);
            return;
        }

        foreach (TRequest request in batch)
        {
            await RunBatchAsync(lane, [request]);
        }
    }

    private void Fail(TRequest request) => request.Fail(availability.Explain(
        $"{(request is StateWrite ? "write" : "read")} {request.Id.Kind}/{request.Id.Key}", time.GetTimestamp(), request.IsOutcomeUnknown));
}
