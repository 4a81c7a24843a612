using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace PhaseMesh.Silo.Fleet.Hosting;

/// <summary>The fleet in figures at one moment, each with its labels; made by <see cref="FleetFigures"/>.</summary>
internal sealed record FleetPicture
{
    public static FleetPicture Empty { get; } = new();

    public ImmutableArray<Measurement<long>> RunningBoots { get; init; } = [];

    public ImmutableArray<Measurement<long>> StuckBoots { get; init; } = [];

    public ImmutableArray<Measurement<long>> ReleaseBoots { get; init; } = [];

    public ImmutableArray<Measurement<long>> ReleaseNumbers { get; init; } = [];

    public ImmutableArray<Measurement<long>> ReleasePercents { get; init; } = [];

    public ImmutableArray<Measurement<long>> ReleaseHalts { get; init; } = [];

    public ImmutableArray<Measurement<long>> ReleaseExpiries { get; init; } = [];

    public ImmutableArray<Measurement<long>> Providers { get; init; } = [];

    public ImmutableArray<Measurement<long>> ProviderServing { get; init; } = [];

    public ImmutableArray<Measurement<long>> ProviderRequests { get; init; } = [];

    public ImmutableArray<Measurement<long>> ProviderRates { get; init; } = [];

    public ImmutableArray<Measurement<long>> Replicas { get; init; } = [];

    public ImmutableArray<Measurement<long>> ReplicasWanted { get; init; } = [];

    public ImmutableArray<Measurement<long>> UnderReplicated { get; init; } = [];

    public ImmutableArray<Measurement<long>> Silos { get; init; } = [];
}
