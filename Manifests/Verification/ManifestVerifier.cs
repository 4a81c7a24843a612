using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests;

/// <summary>
/// Decides whether a manifest is trusted: 1. enough valid signatures by distinct trusted keys, 2. channel, 3. architecture, 4. expiry,
/// 5. release. Signatures come first, so no message ever repeats unsigned content as if it were true.
/// </summary>
/// <remarks>
/// Signatures by unknown keys are passed over. One that names a trusted key and isn't valid refuses the manifest, even if others
/// would be enough: something changed it after that key signed.
/// </remarks>
public static class ManifestVerifier
{
    private const int MaxListedSigners = 3;

    public static ManifestVerdict Verify(BootManifest manifest, TrustPolicy trust, ManifestExpectation expected)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(trust);
        ArgumentNullException.ThrowIfNull(expected);

        List<Ed25519PublicKey> signers = [];
        (ManifestRefusal refusal, string message) = CheckSignatures(manifest, trust, signers);
        if (refusal == ManifestRefusal.None)
        {
            (refusal, message) = ExpectationCheck.Run(manifest, expected);
        }

        if (refusal == ManifestRefusal.None)
        {
            message = $"Manifest is trusted: signed by {string.Join(", ", signers)}.";
        }

        return new ManifestVerdict(refusal, message, signers.AsReadOnly());
    }

    private static (ManifestRefusal Refusal, string Message) CheckSignatures(
        BootManifest manifest, TrustPolicy trust, List<Ed25519PublicKey> signers)
    {
        if (manifest.Signatures.Count == 0)
        {
            return (ManifestRefusal.Unsigned, $"Manifest carries no signature, expected {trust.Threshold} by trusted keys; refusing it.");
        }

        bool namesTrustedKey = false;
        foreach (ManifestSignature signature in manifest.Signatures)
        {
            if (!Ed25519PublicKey.TryParse(signature.KeyId, out Ed25519PublicKey key) || !trust.Keys.Contains(key))
            {
                continue;
            }

            namesTrustedKey = true;
            if (!key.Verify(manifest.SignedBytes.Span, signature.Signature.Span))
            {
                return (ManifestRefusal.BadSignature,
                    $"Manifest's signature by trusted key {key} is not valid: its content is not what was signed; refusing it.");
            }

            if (!signers.Contains(key))
            {
                signers.Add(key);
            }
        }

        if (!namesTrustedKey)
        {
            string found = string.Join(", ", manifest.Signatures.Take(MaxListedSigners).Select(signature => Excerpt.Of(signature.KeyId)));
            return (ManifestRefusal.UntrustedSigner,
                $"Manifest is signed by {found}, expected {trust.Threshold} of {trust.Keys.Count} trusted keys; refusing it.");
        }

        return signers.Count >= trust.Threshold
            ? (ManifestRefusal.None, "")
            : (ManifestRefusal.ThresholdNotMet,
                $"Manifest has valid signatures by {signers.Count} of {trust.Keys.Count} trusted keys, expected {trust.Threshold}; refusing it.");
    }
}
