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
    private readonly PriorityQueue<ScheduledAction, (TimeSpan Due, long Order)> _queue = new();
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

    /// <summary>Call with the lock held.</summary>
    public ScheduledAction Schedule(TimeSpan delay, Action run)
    {
        var action = new ScheduledAction(Now + delay, run);
        _queue.Enqueue(action, (action.Due, _order++));
        Arm();
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
            while (_queue.TryPeek(out ScheduledAction? action, out _) && (action.IsCancelled || action.Due <= Now))
            {
                _queue.Dequeue();
                action.RunUnlessCancelled();
            }

            _isRunning = false;
            Arm();
        }
    }

    private void Arm()
    {
        if (_isRunning || _isDisposed || !_queue.TryPeek(out ScheduledAction? next, out _))
        {
            return;
        }

        TimeSpan wait = next.Due - Now;

        // Timers count whole milliseconds: rounding up keeps a timer from firing just before its action is due, again and again.
        _timer.Change(wait <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }
}

internal sealed class ScheduledAction(TimeSpan due, Action run)
{
    private Action? _run = run;

    public TimeSpan Due => due;

    public bool IsCancelled => _run is null;

    public void Cancel() => _run = null;

    public void RunUnlessCancelled()
    {
        Action? run = _run;
        _run = null;
        run?.Invoke();
    }
}
