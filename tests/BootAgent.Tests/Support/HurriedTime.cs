namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>Whoever waits is woken at once, and the clock has moved on by the wait.</summary>
internal sealed class HurriedTime : TimeProvider
{
    private long _ticks;

    public List<TimeSpan> Waits { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            Waits.Add(dueTime);
            _ticks += dueTime.Ticks;
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }

        return new DoneTimer();
    }

    private sealed class DoneTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
            // Has fired.
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
