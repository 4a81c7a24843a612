namespace PhaseMesh.Cluster.Runtime;

/// <summary>
/// A timer of one grain on one silo; it is gone with the silo or when the grain leaves its memory. What must happen is a reminder.
/// </summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>New times; <see cref="Timeout.InfiniteTimeSpan"/> stops it.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>The times of a timer.</summary>
public readonly struct GrainTimerCreationOptions() : IEquatable<GrainTimerCreationOptions>
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this() => (DueTime, Period) = (dueTime, period);

    /// <summary>Until the first tick; zero: at once; infinite: never.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From the end of one tick to the next; infinite: one tick.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks run at the same time as other calls.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether ticks keep the grain in memory.</summary>
    public bool KeepAlive { get; init; }

    public static bool operator ==(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => left.Equals(right);

    public static bool operator !=(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => !left.Equals(right);

    public bool Equals(GrainTimerCreationOptions other) =>
        (DueTime, Period, Interleave, KeepAlive) == (other.DueTime, other.Period, other.Interleave, other.KeepAlive);

    public override bool Equals(object? obj) => obj is GrainTimerCreationOptions other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(DueTime, Period, Interleave, KeepAlive);
}
