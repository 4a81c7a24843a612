using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Engine;

/// <summary>A grain's timer: each tick is a turn, and the next begins its period when this one ended.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly GrainEngine _engine;
    private readonly Activation _activation;
    private readonly GrainMethod _tick;
    private readonly DelegateInvocation _invocation;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stop = new();
    private GrainTimerCreationOptions _options;
    private int _changes;
    private volatile bool _isDisposed;

    public GrainTimer(GrainEngine engine, Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        (_engine, _activation, _options) = (engine, activation, options);
        CancellationToken stop = _stop.Token;
        _invocation = new DelegateInvocation(_ => callback(stop));
        _tick = GrainMethod.Internal(activation.Class.Name, "Timer", isInterleaving: options.Interleave || activation.Class.IsReentrant);
        using (ExecutionContext.SuppressFlow())
        {
            // The turn that made the timer ends; its ticks are no part of it.
            _timer = engine.Session.Time.CreateTimer(
                _ => engine.Track(TickAsync()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public bool IsKeepingAlive => _options.KeepAlive && !_isDisposed;

    public void Start() => _timer.Change(_options.DueTime, Timeout.InfiniteTimeSpan);

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Interlocked.Increment(ref _changes);
        _options = _options with { DueTime = dueTime, Period = period };
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _stop.Cancel();
            _timer.Dispose();
            _activation.Forget(this);
        }
    }

    private async Task TickAsync()
    {
        int changes = Volatile.Read(ref _changes);
        try
        {
            await await _engine.RunOnAsync(_activation, _invocation, _tick);
        }
        catch (Exception exception) when (!_isDisposed)
        {
            _engine.Log.TimerFailed(_activation.Identity, exception);
        }
        finally
        {
            if (!_isDisposed && changes == Volatile.Read(ref _changes) && _options.Period != Timeout.InfiniteTimeSpan)
            {
                _timer.Change(_options.Period, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
