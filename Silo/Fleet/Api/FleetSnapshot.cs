using System.Collections.Immutable;
using PhaseMesh.Grains.Providers;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>All that a gateway must know of the fleet.</summary>
/// <param name="Version">Greater than that of any snapshot before, as far as the silos' clocks agree.</param>
/// <param name="TakenAt">When the database said so; older than the answer while it is away.</param>
/// <param name="Releases">What a machine without an id gets, of each channel.</param>
/// <param name="Staged">The newest releases that only some machines get.</param>
internal sealed record FleetSnapshot(
    long Version, DateTimeOffset TakenAt, ImmutableArray<SnapshotRelease> Releases, ImmutableArray<SnapshotRelease> Staged,
    ImmutableArray<SnapshotProvider> Providers);

/// <param name="Percent">Of machines that get it.</param>
/// <param name="ManifestBase64">The signed bytes.</param>
internal sealed record SnapshotRelease(string Channel, string Arch, long Release, string Manifest, int Percent, string ManifestBase64);

/// <summary>Serving, suspect, draining and quarantined ones; only serving ones are for clients.</summary>
/// <param name="Weight">0 to 100; 0 takes no clients.</param>
internal sealed record SnapshotProvider(
    string Key, ImmutableArray<string> Urls, string? Site, string? Rack, double Weight, ProviderState State, ProviderHealth Health,
    ImmutableArray<string> Replicas, ProviderLoad Load);
