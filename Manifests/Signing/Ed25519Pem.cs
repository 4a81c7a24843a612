using System.Security.Cryptography;

namespace PhaseMesh.Manifests.Signing;

/// <summary>
/// PEM as openssl writes and reads it: SPKI and PKCS#8 of RFC 8410. An Ed25519 key has exactly one DER encoding in either (without optional
/// attributes), so the fixed head is compared instead of parsing ASN.1.
/// </summary>
internal static class Ed25519Pem
{
    private const string PublicLabel = "PUBLIC KEY";
    private const string PrivateLabel = "PRIVATE KEY";

    /// <summary>SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING (32 bytes) }.</summary>
    private static readonly byte[] PublicHead = Convert.FromHexString("302a300506032b6570032100");

    /// <summary>SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING (32 bytes) } }.</summary>
    private static readonly byte[] PrivateHead = Convert.FromHexString("302e020100300506032b657004220420");

    internal static bool LooksLikePem(ReadOnlySpan<char> text) => text.Contains("-----BEGIN ", StringComparison.Ordinal);

    internal static string WritePublic(ReadOnlySpan<byte> publicKey) => PemEncoding.WriteString(PublicLabel, [.. PublicHead, .. publicKey]) + "\n";

    /// <summary>The caller zeroes the result.</summary>
    internal static char[] WritePrivate(ReadOnlySpan<byte> seed)
    {
        Span<byte> der = stackalloc byte[PrivateHead.Length + Sodium.SeedBytes];
        PrivateHead.CopyTo(der);
        seed.CopyTo(der[PrivateHead.Length..]);
        char[] pem = new char[PemEncoding.GetEncodedSize(PrivateLabel.Length, der.Length) + 1];
        PemEncoding.TryWrite(PrivateLabel, der, pem, out int length);
        pem[length] = '\n';
        CryptographicOperations.ZeroMemory(der);
        return pem;
    }

    internal static bool TryReadPublic(ReadOnlySpan<char> pem, Span<byte> publicKey) =>
        TryRead(pem, PublicLabel, PublicHead, publicKey, out _);

    /// <param name="pem">The first PEM block counts.</param>
    /// <param name="seed">32 bytes; the caller zeroes them.</param>
    /// <exception cref="FormatException">No PKCS#8 Ed25519 key; the message doesn't quote the text, which may be a secret.</exception>
    internal static void ReadPrivate(ReadOnlySpan<char> pem, Span<byte> seed)
    {
        if (!TryRead(pem, PrivateLabel, PrivateHead, seed, out string found))
        {
            throw new FormatException(
                $"Expected an Ed25519 private key in PKCS#8 PEM, as 'openssl genpkey -algorithm ed25519' writes it, found {found}.");
        }
    }

    private static bool TryRead(ReadOnlySpan<char> pem, string label, ReadOnlySpan<byte> head, Span<byte> key, out string found)
    {
        if (!PemEncoding.TryFind(pem, out PemFields fields))
        {
            found = "no PEM block";
            return false;
        }

        ReadOnlySpan<char> foundLabel = pem[fields.Label];
        if (!foundLabel.SequenceEqual(label))
        {
            found = foundLabel is "ENCRYPTED PRIVATE KEY"
                ? "an encrypted one (decrypt it first: openssl pkey -in KEY -out PLAIN)"
                : $"a PEM block labelled {Excerpt.Of(foundLabel.ToString())}";
            return false;
        }

        byte[] der = new byte[fields.DecodedDataLength];
        Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out _);
        bool isOurs = der.Length == head.Length + key.Length && der.AsSpan().StartsWith(head);
        if (isOurs)
        {
            der.AsSpan(head.Length).CopyTo(key);
        }

        CryptographicOperations.ZeroMemory(der);
        found = "a key of another algorithm or form";
        return isOurs;
    }
}
