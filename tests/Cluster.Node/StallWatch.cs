namespace PhaseMesh.Cluster.Node;

/// <summary>
/// When this process itself stood still: frozen by a signal, or starved by a busy machine. A call can't be blamed for that time.
/// </summary>
internal sealed class StallWatch
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(300);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly List<(long Begin, long End)> _stalls = [];
    private long _beat = TimeProvider.System.GetTimestamp();

    public void Start() => new Thread(Watch) { IsBackground = true, Name = "stall watch" }.Start();

    /// <summary>Without the stalls that it overlapped.</summary>
    public TimeSpan Elapsed(long begin, long end)
    {
        lock (_gate)
        {
            long stalled = _stalls.Sum(stall => Math.Max(0, Math.Min(stall.End, end) - Math.Max(stall.Begin, begin)));
            if (_time.GetElapsedTime(_beat, end) > Least)
            {
                stalled += end - Math.Max(_beat, begin); // After a thaw the callers may run before the watch does.
            }

            return _time.GetElapsedTime(begin, Math.Max(begin, end - stalled));
        }
    }

    /// <summary>A pool thread must answer too: what is not answered in time counts from the question to the answer.</summary>
    private void Watch()
    {
        using ManualResetEventSlim answered = new();
        while (true)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static signal => signal.Set(), answered, preferLocal: false);
            answered.Wait();
            long now = _time.GetTimestamp();
            lock (_gate)
            {
                if (_time.GetElapsedTime(_beat, now) > Least)
                {
                    _stalls.Add((_beat, now));
                    _stalls.RemoveAll(stall => _time.GetElapsedTime(stall.End, now) > TimeSpan.FromMinutes(5));
                }

                _beat = now;
            }

            // Nobody sets it now: a pause.
            answered.Reset();
            answered.Wait(Period);
        }
    }
}
