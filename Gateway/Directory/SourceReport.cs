using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Directory;

/// <summary>All that one source (a provider that is asked itself, or the silos) says; replaces what it said before.</summary>
/// <param name="Releases">Verified; what machines are to get.</param>
/// <param name="Staged">Verified; known by digest, but not what a channel's name stands for.</param>
/// <param name="IsAuthoritative">Its releases count for a channel, whatever newer ones providers have.</param>
internal sealed record SourceReport(
    IReadOnlyList<BootManifest> Releases, IReadOnlyList<BootManifest> Staged, IReadOnlyList<ProviderReport> Providers,
    bool IsAuthoritative = false)
{
    /// <summary>Key ids of those that nothing is asked of, whoever else names them.</summary>
    public IReadOnlyCollection<string> Quarantined { get; init; } = [];
}

internal sealed record ProviderReport(
    string ProviderId, Uri BaseUrl, ReplicaSite Site, double Weight, ProviderStanding Standing, bool IsWarm,
    IReadOnlyCollection<Sha256Digest> Replicas)
{
    /// <summary>The key id that a provider known by its URL says is its own; not proven.</summary>
    public string? ClaimedKey { get; init; }

    /// <inheritdoc cref="ReplicaEndpoint.Urls"/>
    public UrlList Urls { get => field ?? new UrlList([BaseUrl]); init; }
}

internal enum ProviderStanding
{
    Serving,

    /// <summary>Does not answer when asked how it is: used when nobody else is left.</summary>
    Silent,

    /// <summary>Takes nobody new.</summary>
    Draining,
}
