namespace PhaseMesh.Cluster.Engine;

/// <summary>Lets one turn of a grain in at a time, in the order of arrival.</summary>
internal sealed class TurnGate
{
    private readonly Lock _lock = new();
    private Queue<TaskCompletionSource>? _waiters;
    private bool _isHeld;

    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_isHeld)
            {
                return false;
            }

            return _isHeld = true;
        }
    }

    /// <returns>False where the limit passed first.</returns>
    public async ValueTask<bool> EnterAsync(TimeSpan limit, TimeProvider time)
    {
        TaskCompletionSource waiter;
        lock (_lock)
        {
            if (!_isHeld)
            {
                _isHeld = true;
                return true;
            }

            waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_waiters ??= []).Enqueue(waiter);
        }

        await waiter.Task.WaitAsync(limit > TimeSpan.Zero ? limit
            : TimeSpan.Zero, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Whoever loses this race knows: either the gate was handed over before, or the hand-over will skip this waiter.
        return !waiter.TrySetCanceled();
    }

    public void Exit()
    {
        lock (_lock)
        {
            while (_waiters is not null && _waiters.TryDequeue(out TaskCompletionSource? next))
            {
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _isHeld = false;
        }
    }
}
