using PhaseMesh.BootAgent.Discover;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Verify;

/// <summary>A provider that is not a source of this boot, and why.</summary>
internal sealed record RefusedOffer(ProviderCandidate Provider, bool WasUnreachable, string Reason, string Remedy);

/// <summary>What is booted and from where.</summary>
/// <param name="Sources">At least one, in rank order.</param>
/// <param name="IsDisputed">Another trusted manifest has the same release number and other content.</param>
internal sealed record ManifestChoice(
    BootManifest Manifest,
    IReadOnlyList<Ed25519PublicKey> Signers,
    IReadOnlyList<ManifestOffer> Sources,
    IReadOnlyList<RefusedOffer> Refused,
    bool IsDisputed,
    ClockFloor Clock);
