using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>Manifests for files that come without one, signed with the node's identity. The same files give the same bytes after a restart.</summary>
internal sealed class ManifestGenerator(Ed25519PrivateKey nodeKey, ReleaseLedger ledger, TimeProvider clock)
{
    public BootManifest ManifestFor(ReleaseSlot slot, IReadOnlyCollection<ManifestArtifact> artifacts)
    {
        BootManifest? last = ledger.Generated(slot);
        long highest = Math.Max(last?.Release ?? 0, ledger.HighestSigned(slot) ?? 0);
        if (last is not null && last.Release == highest && Describes(last, slot, artifacts))
        {
            return last;
        }

        DateTimeOffset now = clock.GetUtcNow();
        BootManifest made = new ManifestDraft
        {
            Version = $"{now:yyyy.MM.dd}.{highest + 1}",
            Channel = slot.Channel,
            Arch = slot.Arch,
            Release = highest + 1,
            Created = now,
            Artifacts = artifacts,
        }.Build([nodeKey]);
        ledger.SaveGenerated(slot, made);
        return made;
    }

    private bool Describes(BootManifest manifest, ReleaseSlot slot, IReadOnlyCollection<ManifestArtifact> artifacts)
    {
        ManifestExpectation expected = new() { Channel = slot.Channel, Arch = slot.Arch };
        return ManifestVerifier.Verify(manifest, new TrustPolicy([nodeKey.PublicKey]), expected).IsTrusted
            && manifest.Artifacts.Count == artifacts.Count
            && artifacts.All(artifact => manifest.Artifacts.TryGetValue(artifact.Kind, out ManifestArtifact? known)
                && known.Digest == artifact.Digest && known.Path == artifact.Path);
    }
}
