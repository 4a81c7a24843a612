using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Directory;

/// <param name="Manifest">Its signature was checked against the gateway's trusted keys.</param>
internal sealed record DirectoryRelease(ReleaseChannelName Channel, MachineArch Arch, BootManifest Manifest);

/// <summary>Who has what at one moment; replaced whole, never changed.</summary>
/// <param name="Version">Grows with each snapshot of one gateway.</param>
/// <param name="TakenAt">When the sources said so: the age that /readyz tells.</param>
internal sealed record DirectorySnapshot(
    long Version,
    DateTimeOffset TakenAt,
    IReadOnlyList<DirectoryRelease> Releases,
    IReadOnlyDictionary<Sha256Digest, IReadOnlyList<ReplicaEndpoint>> Replicas,
    IReadOnlyDictionary<Sha256Digest, ManifestArtifact> Artifacts)
{
    /// <summary>Before any source has answered.</summary>
    public static DirectorySnapshot Empty { get; } = new(
        0,
        DateTimeOffset.UnixEpoch,
        [],
        new Dictionary<Sha256Digest, IReadOnlyList<ReplicaEndpoint>>(),
        new Dictionary<Sha256Digest, ManifestArtifact>());
}

internal interface IReplicaDirectory
{
    /// <summary>Never blocks; the same object until something changes.</summary>
    DirectorySnapshot Current { get; }

    /// <returns>The first snapshot, the current one included, that meets the condition.</returns>
    Task<DirectorySnapshot> WaitForAsync(Func<DirectorySnapshot, bool> condition, CancellationToken cancellationToken);
}
