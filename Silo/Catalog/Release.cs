using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog.Loading;

namespace PhaseMesh.Silo.Catalog;

/// <summary>A verified release with its files open. What a client has begun to download stays readable when another release takes its place.</summary>
internal sealed class Release(
    ReleaseSlot slot, BootManifest manifest, IReadOnlyList<Ed25519PublicKey> signers, IReadOnlyDictionary<ArtifactKind, ArtifactFile> files, LocatedSet source)
{
    public ReleaseSlot Slot => slot;

    public BootManifest Manifest => manifest;

    public IReadOnlyList<Ed25519PublicKey> Signers => signers;

    public IReadOnlyDictionary<ArtifactKind, ArtifactFile> Files => files;

    /// <summary>The paths and stamps it was verified from.</summary>
    public LocatedSet Source => source;

    /// <summary>The manifest's digest, quoted.</summary>
    public string ManifestEntityTag { get; } = $"\"{manifest.Digest}\"";

    /// <summary>Why none of it is served any more; null while all of it is good.</summary>
    public string? WithdrawnBecause
    {
        get
        {
            foreach (ArtifactFile file in files.Values)
            {
                if (file.StaleBecause is { } reason)
                {
                    return reason;
                }
            }

            return null;
        }
    }

    /// <summary>For people; null when there is nothing to say. A client with a clock refuses an expired release, one without boots it.</summary>
    public string? ProblemAt(DateTimeOffset now) => manifest.Expires is { } expires && expires <= now
        ? $"The manifest expired at {expires:yyyy-MM-ddTHH:mm:ssZ}; clients that know the time refuse it. Sign a newer release."
        : null;

    /// <summary>Lets go of the files; downloads under way finish.</summary>
    public void Close()
    {
        foreach (ArtifactFile file in files.Values)
        {
            file.Release();
        }
    }
}
