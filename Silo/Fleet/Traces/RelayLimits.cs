namespace PhaseMesh.Silo.Fleet.Traces;

/// <summary>How much a <see cref="BootSpanRelay"/> keeps, and how long it tries; tests take less time.</summary>
internal sealed record RelayLimits
{
    /// <summary>Bodies of calls whose spans wait; more are dropped.</summary>
    public int MaxWaitingBytes { get; init; } = 16 << 20;

    /// <summary>Bodies of calls that go out together.</summary>
    public int MaxBatchBytes { get; init; } = 512 << 10;

    /// <summary>After a failure; doubled to <see cref="LongestPause"/>, half of it by chance.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From the first attempt to send some spans; then they are dropped.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For what waits when the silo stops.</summary>
    public TimeSpan LastAttempt { get; init; } = TimeSpan.FromSeconds(2);
}
