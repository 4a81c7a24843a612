using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace PhaseMesh.Manifests.Signing;

/// <summary>An Ed25519 public key (RFC 8032), 32 bytes. Its key id holds the key itself: <c>ed25519:</c> and 64 lower-case hex digits.</summary>
/// <remarks><c>default</c> is no key: it verifies nothing.</remarks>
public readonly struct Ed25519PublicKey : IEquatable<Ed25519PublicKey>
{
    public const int SizeBytes = Sodium.PublicKeyBytes;
    public const int SignatureBytes = Sodium.SignatureBytes;
    public const string Prefix = "ed25519:";

    /// <summary>What an error tells the user to write.</summary>
    public const string Expected = "ed25519: and 64 lower-case hex digits (or the 32 bytes in base64), or a PEM public key";

    private const int Base64Length = 44;
    private readonly Key256 _key;

    private Ed25519PublicKey(ReadOnlySpan<byte> bytes) => _key = MemoryMarshal.Read<Key256>(bytes);

    /// <summary>The same text as <see cref="ToString"/>.</summary>
    public string KeyId => ToString();

    /// <returns>False unless these are 32 bytes that can be an honest key: canonical, and not of small order.</returns>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out Ed25519PublicKey key)
    {
        bool acceptable = bytes.Length == SizeBytes && Ed25519Encoding.IsAcceptablePoint(bytes);
        key = acceptable ? new Ed25519PublicKey(bytes) : default;
        return acceptable;
    }

    /// <summary>Reads a key id, <c>ed25519:</c> and base64 of 32 bytes, or an SPKI PEM block; white space around it doesn't count.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ed25519PublicKey key)
    {
        key = default;
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        Span<byte> bytes = stackalloc byte[SizeBytes];
        if (Ed25519Pem.LooksLikePem(trimmed))
        {
            return Ed25519Pem.TryReadPublic(trimmed, bytes) && TryCreate(bytes, out key);
        }

        if (!trimmed.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> encoded = trimmed[Prefix.Length..];
        bool decoded = encoded.Length == Base64Length
            ? Convert.TryFromBase64Chars(encoded, bytes, out int length) && length == SizeBytes
            : encoded.Length == SizeBytes * 2 && !encoded.ContainsAnyInRange('A', 'F')
                && Convert.FromHexString(encoded, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        return decoded && TryCreate(bytes, out key);
    }

    /// <exception cref="FormatException">Not a form <see cref="TryParse"/> reads, or a key no honest signer has.</exception>
    public static Ed25519PublicKey Parse(string text) => TryParse(text, out Ed25519PublicKey key)
        ? key
        : throw new FormatException($"Expected {Expected}, found {Excerpt.Quote(text)}.");

    /// <summary>SPKI PEM (RFC 8410), as <c>openssl pkey -pubin</c> reads it.</summary>
    public string ToPem() => Ed25519Pem.WritePublic(Bytes);

    /// <summary>Pure Ed25519 (RFC 8032 section 5.1.7).</summary>
    /// <returns>False for anything but a valid signature in its one canonical encoding, by a key that isn't of small order.</returns>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == SignatureBytes
        && Ed25519Encoding.IsAcceptablePoint(Bytes)
        && Ed25519Encoding.IsAcceptablePoint(signature[..SizeBytes])
        && Ed25519Encoding.IsCanonicalScalar(signature[SizeBytes..])
        && Sodium.Verify(message, Bytes, signature);

    /// <param name="destination">At least 32 bytes.</param>
    public void CopyTo(Span<byte> destination) => Bytes.CopyTo(destination);

    public override string ToString() => Prefix + Convert.ToHexStringLower(Bytes);

    public bool Equals(Ed25519PublicKey other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is Ed25519PublicKey other && Equals(other);

    public override int GetHashCode() => MemoryMarshal.Read<int>(Bytes);

    public static bool operator ==(Ed25519PublicKey left, Ed25519PublicKey right) => left.Equals(right);

    public static bool operator !=(Ed25519PublicKey left, Ed25519PublicKey right) => !left.Equals(right);

    [UnscopedRef]
    private ReadOnlySpan<byte> Bytes => _key;

    [System.Runtime.CompilerServices.InlineArray(SizeBytes)]
    private struct Key256
    {
        private byte _first;
    }
}
