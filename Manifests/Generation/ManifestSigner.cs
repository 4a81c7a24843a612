using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests;

/// <summary>Adds signatures to manifests that exist, without touching anything else in them.</summary>
public static class ManifestSigner
{
    /// <summary>
    /// The manifest with a signature of this key at the end of <c>signatures</c>, in place of an older one of the same key. Unknown fields
    /// and the signatures of others stay as they are, so <see cref="BootManifest.SignedBytes"/> is unchanged.
    /// </summary>
    /// <exception cref="ManifestFormatException">There are 16 signatures of other keys, or the result would exceed 1 MiB.</exception>
    public static BootManifest AddSignature(BootManifest manifest, Ed25519PrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(key);

        JsonObject entry = new();
        entry.TryAdd("keyid", new JsonText(key.PublicKey.KeyId));
        entry.TryAdd("sig", new JsonText(Convert.ToBase64String(key.Sign(manifest.SignedBytes.Span))));

        JsonObject document = (JsonObject)StrictJsonReader.Read(manifest.RawBytes.Span);
        IReadOnlyList<JsonValue> others = document.TryGet(ManifestReader.SignaturesField, out JsonValue? signatures)
            ? ((JsonArray)signatures).Items
            : [];
        JsonArray updated = new([.. others.Where((_, index) => !IsBy(key.PublicKey, manifest.Signatures[index])), entry]);

        JsonObject signed = document.Without(ManifestReader.SignaturesField);
        signed.TryAdd(ManifestReader.SignaturesField, updated);
        return BootManifest.Parse(ReadableJson.Serialize(signed));
    }

    private static bool IsBy(Ed25519PublicKey key, ManifestSignature signature) =>
        Ed25519PublicKey.TryParse(signature.KeyId, out Ed25519PublicKey signer) && signer == key;
}
