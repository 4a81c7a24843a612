namespace PhaseMesh.Mdns.Engine;

/// <summary>
/// Everything a node does later, in one queue with one timer. Actions run under the node's lock, in order of due time and then of
/// scheduling.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Lock _gate;
    private readonly long _started;
    private readonly ITimer _timer;

    // A sorted set, because cancelled actions must leave at once: a flood that renews a record a thousand times a second cancels as often.
    private readonly SortedSet<ScheduledAction> _queue = [];
    private long _order;
    private bool _isRunning;
    private bool _isDisposed;

    public Scheduler(TimeProvider time, Lock gate)
    {
        _time = time;
        _gate = gate;
        _started = time.GetTimestamp();
        _timer = time.CreateTimer(_ => RunDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Time since the node started, on a clock that never steps back.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_started);

    public int Count => _queue.Count;

    /// <summary>Call with the lock held.</summary>
    public ScheduledAction Schedule(TimeSpan delay, Action run)
    {
        var action = new ScheduledAction(_queue, Now + delay, _order++, run);
        _queue.Add(action);
        if (_queue.Min == action)
        {
            Arm();
        }

        return action;
    }

    public void Dispose()
    {
        _isDisposed = true;
        _queue.Clear();
        _timer.Dispose();
    }

    private void RunDue()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isRunning = true;
            while (_queue.Min is ScheduledAction action && action.Due <= Now)
            {
                action.Cancel();
                action.Run();
            }

            _isRunning = false;
            Arm();
        }
    }

    private void Arm()
    {
        if (_isRunning || _isDisposed || _queue.Min is not ScheduledAction next)
        {
            return;
        }

        TimeSpan wait = next.Due - Now;

        // Timers count whole milliseconds: rounding up keeps a timer from firing just before its action is due, again and again.
        _timer.Change(wait <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }
}

internal sealed class ScheduledAction(SortedSet<ScheduledAction> queue, TimeSpan due, long order, Action run) : IComparable<ScheduledAction>
{
    public TimeSpan Due => due;

    public void Run() => run();

    /// <summary>Does nothing when it has run already.</summary>
    public void Cancel() => queue.Remove(this);

    public int CompareTo(ScheduledAction? other) => (due, order).CompareTo((other!.Due, other.Order));

    private long Order => order;
}
