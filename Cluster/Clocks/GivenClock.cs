namespace PhaseMesh.Cluster.Clocks;

/// <summary>A clock that the host made up, as tests do. The machine's own is no judge of what other machines did, and is not one.</summary>
internal sealed class GivenClock : IClusterClock
{
    private GivenClock(TimeProvider time) => Time = time;

    public TimeProvider Time { get; }

    public TimeSpan? Uncertainty => TimeSpan.Zero;

    /// <summary>The first of them that is not the machine's; null when all are.</summary>
    public static IClusterClock? In(IEnumerable<TimeProvider?> given) =>
        given.FirstOrDefault(time => time is not null && !ReferenceEquals(time, TimeProvider.System)) is { } time ? new GivenClock(time) : null;
}
