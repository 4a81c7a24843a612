namespace PhaseMesh.Cluster.Runtime;

/// <summary>A durable reminder of a grain.</summary>
public interface IGrainReminder
{
    string ReminderName { get; }
}

/// <summary>When a reminder was due and when it ran.</summary>
/// <param name="firstTickTime">The first time it was ever due.</param>
/// <param name="period">From one due time to the next.</param>
/// <param name="timeStamp">Now, by the storage's clock.</param>
public readonly struct TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp) : IEquatable<TickStatus>
{
    public DateTime FirstTickTime => firstTickTime;

    public TimeSpan Period => period;

    public DateTime CurrentTickTime => timeStamp;

    public static bool operator ==(TickStatus left, TickStatus right) => left.Equals(right);

    public static bool operator !=(TickStatus left, TickStatus right) => !left.Equals(right);

    public bool Equals(TickStatus other) =>
        (FirstTickTime, Period, CurrentTickTime) == (other.FirstTickTime, other.Period, other.CurrentTickTime);

    public override bool Equals(object? obj) => obj is TickStatus other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(FirstTickTime, Period, CurrentTickTime);
}
