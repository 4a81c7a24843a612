using System.Collections.Concurrent;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Directory;

/// <summary>The gate that every manifest passes, wherever it comes from: right format, signed by trusted keys, not expired.</summary>
internal sealed class TrustedManifests(TrustPolicy trust, TimeProvider clock)
{
    private const int MaxRemembered = 1024;
    private readonly ConcurrentDictionary<Sha256Digest, BootManifest> _verified = [];

    public BootManifest? Find(Sha256Digest digest) => _verified.GetValueOrDefault(digest);

    /// <param name="problem">One line: why it is refused.</param>
    public BootManifest? Accept(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        if (!BootManifest.TryParse(bytes, out BootManifest? manifest, out ManifestFormatException? malformed))
        {
            problem = malformed.Message;
            return null;
        }

        ManifestVerdict verdict = ManifestVerifier.Verify(manifest, trust, new ManifestExpectation { Now = clock.GetUtcNow() });
        problem = verdict.IsTrusted ? null : verdict.Message;
        if (!verdict.IsTrusted)
        {
            return null;
        }

        if (_verified.Count >= MaxRemembered)
        {
            _verified.Clear(); // They are read and verified again as they are met; it happens once in a thousand releases.
        }

        return _verified.GetOrAdd(manifest.Digest, manifest);
    }
}
