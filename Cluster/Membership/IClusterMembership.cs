namespace PhaseMesh.Cluster.Membership;

/// <summary>
/// The silos of a cluster, by the storage's clock. Nothing about grains depends on it: they are safe with any number of silos, dead or
/// frozen.
/// </summary>
public interface IClusterMembership
{
    /// <summary>This silo's own name and generation; null until it joined.</summary>
    SiloIdentity? Self { get; }

    /// <summary>All silos, newest generation first within a name. Those gone for a day are forgotten.</summary>
    Task<IReadOnlyList<SiloEntry>> ListAsync(CancellationToken cancellationToken = default);
}

/// <param name="Name">Given by the operator; unique in the cluster.</param>
/// <param name="Generation">From 1, higher with each start.</param>
public readonly record struct SiloIdentity(string Name, long Generation)
{
    public override string ToString() => $"{Name}/{Generation}";
}

/// <summary>What a silo is, by its lease.</summary>
public enum SiloStatus
{
    /// <summary>Its lease runs.</summary>
    Active,

    /// <summary>Its lease ran out without a farewell: dead, frozen, or cut off from the storage. It may come back.</summary>
    Lost,

    /// <summary>It said goodbye.</summary>
    Left,

    /// <summary>A silo of the same name started after it.</summary>
    Superseded,
}

/// <param name="Identity">Name and generation.</param>
/// <param name="Status">By the storage's clock, now.</param>
/// <param name="Address">Where its API is reached; empty where none was given.</param>
/// <param name="Version">Its software's version.</param>
/// <param name="StartedAt">By the storage's clock.</param>
/// <param name="LastSeenAt">Its last renewal, by the storage's clock.</param>
/// <param name="LeaseRemaining">Negative once it ran out.</param>
public sealed record SiloEntry(
    SiloIdentity Identity,
    SiloStatus Status,
    string Address,
    string Version,
    DateTimeOffset StartedAt,
    DateTimeOffset LastSeenAt,
    TimeSpan LeaseRemaining);
