namespace PhaseMesh.Manifests.Signing;

/// <summary>
/// Byte patterns that never come from an honest signer: points of small order, which verify for many messages or many keys, and encodings that
/// aren't the canonical one, which give one signature several spellings. libsodium refuses them as well; being explicit here keeps that
/// true under any build of it.
/// </summary>
internal static class Ed25519Encoding
{
    /// <summary>
    /// y coordinates (sign bit clear) of every encoding of the eight points of small order: 0 (order 4), 1 (order 1), p - 1 (order 2), two of
    /// order 8, and p and p + 1, which decode to 0 and 1 in lenient implementations.
    /// </summary>
    private static readonly byte[][] SmallOrder =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];

    /// <summary>p = 2^255 - 19, little-endian.</summary>
    private static readonly byte[] FieldPrime = SmallOrder[5];

    /// <summary>L = 2^252 + 27742317777372353535851937790883648493, little-endian: the order of the base point.</summary>
    private static readonly byte[] GroupOrder = Convert.FromHexString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

    /// <summary>32 bytes that may encode a public key or a signature's R: y below p, and not of small order.</summary>
    internal static bool IsAcceptablePoint(ReadOnlySpan<byte> encoded)
    {
        Span<byte> y = stackalloc byte[Sodium.PublicKeyBytes];
        encoded.CopyTo(y);
        y[^1] &= 0x7f; // The top bit is the sign of x.
        if (!IsBelow(y, FieldPrime))
        {
            return false;
        }

        foreach (byte[] weak in SmallOrder)
        {
            if (y.SequenceEqual(weak))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>RFC 8032 section 5.1.7: S must be below L, or S + L would be a second signature for the same message.</summary>
    internal static bool IsCanonicalScalar(ReadOnlySpan<byte> s) => IsBelow(s, GroupOrder);

    /// <summary>Little-endian; not in constant time, everything here is public.</summary>
    private static bool IsBelow(ReadOnlySpan<byte> number, ReadOnlySpan<byte> bound)
    {
        for (int index = number.Length - 1; index >= 0; index--)
        {
            if (number[index] != bound[index])
            {
                return number[index] < bound[index];
            }
        }

        return false;
    }
}
