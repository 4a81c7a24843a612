namespace PhaseMesh.Manifests;

/// <summary>One entry of <c>signatures</c>, not yet checked.</summary>
/// <param name="KeyId">As written, 1 to 256 characters: <c>ed25519:</c> and 64 hex digits, or something only another version understands.</param>
/// <param name="Signature">1 to 1024 bytes; 64 for Ed25519.</param>
public sealed record ManifestSignature(string KeyId, ReadOnlyMemory<byte> Signature);
