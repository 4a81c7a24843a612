namespace PhaseMesh.Cluster.Clocks;

/// <summary>
/// Carries the storage's time on by the machine's monotonic clock. Each answer of the storage gives its time with an uncertainty of half
/// a round trip; one that agrees with what is known, within that, changes nothing, so that the clock doesn't jitter. Storages on the
/// machine itself tell no time: theirs is the machine's.
/// </summary>
internal sealed class StorageClock(TimeProvider machine) : TimeProvider, IClusterClock
{
    private Reading? _reading;

    public TimeProvider Time => this;

    public TimeSpan? Uncertainty => Volatile.Read(ref _reading)?.Uncertainty;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => Volatile.Read(ref _reading) is { } reading
        ? reading.At + machine.GetElapsedTime(reading.Timestamp)
        : machine.GetUtcNow();

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <param name="at">The storage's time, read between the two timestamps.</param>
    /// <param name="asked">Before it was asked.</param>
    /// <param name="answered">After it answered.</param>
    public void Set(DateTimeOffset at, long asked, long answered)
    {
        TimeSpan half = machine.GetElapsedTime(asked, answered) / 2;
        long middle = asked + ((answered - asked) / 2);
        if (Volatile.Read(ref _reading) is { } known)
        {
            TimeSpan apart = at - (known.At + machine.GetElapsedTime(known.Timestamp, middle));
            if (apart.Duration() <= half + known.Uncertainty && half >= known.Uncertainty)
            {
                return;
            }
        }

        Volatile.Write(ref _reading, new Reading(at, middle, half));
    }

    private sealed record Reading(DateTimeOffset At, long Timestamp, TimeSpan Uncertainty);
}
