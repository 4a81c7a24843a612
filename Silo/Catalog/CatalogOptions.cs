using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Catalog;

/// <summary>How releases on disk are watched, verified and kept.</summary>
public sealed class CatalogOptions
{
    /// <summary>How often the artifact directory is looked at. New files must be unchanged for as long before they are verified.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often every served file is read and hashed again, for damage that leaves no trace in its times.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long a replaced release stays readable under <c>/blobs/</c>, for clients between its manifest and its files. Downloads under way
    /// finish however long they take.
    /// </summary>
    public TimeSpan RetiredReleaseRetention { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Replaced releases kept at most, per channel and architecture; each holds its disk space.</summary>
    public int MaxRetiredReleases { get; init; } = 2;

    /// <summary>How long a request waits for a file that is being hashed again because its times changed; then 503.</summary>
    public TimeSpan ReverificationPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whose signatures an operator's <c>manifest.json</c> must carry. Empty: any valid signature will do, for what a machine may boot is
    /// decided by the machine.
    /// </summary>
    public IReadOnlyList<Ed25519PublicKey> TrustedKeys { get; init; } = [];
}
