namespace PhaseMesh.Cluster.Clocks;

/// <summary>
/// The storage's clock as this silo knows it. All silos of a cluster share it, whatever their machines' clocks say: silence, leases and
/// expiry are judged by it. Grains that ask for a <see cref="TimeProvider"/> get it too, unless the host gave one of its own.
/// </summary>
public interface IClusterClock
{
    /// <summary>For whatever takes a <see cref="TimeProvider"/>; timers and timestamps are the machine's.</summary>
    TimeProvider Time { get; }

    /// <summary>How far <see cref="Time"/> may be from the storage's clock; null as long as it is the machine's own.</summary>
    TimeSpan? Uncertainty { get; }
}
