namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>A clock that moves when told; timers are the system's.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private long _ticks;

    public DateTimeOffset Start { get; init; } = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan by) => _ticks += by.Ticks;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(_ticks);
}
