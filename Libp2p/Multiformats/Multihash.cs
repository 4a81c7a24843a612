using System.Security.Cryptography;

namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>
/// Multihash: varint code, varint digest length, digest. https://github.com/multiformats/multihash
/// Only the two functions libp2p names things with are known here: identity (0x00) and sha2-256 (0x12).
/// </summary>
public static class Multihash
{
    public const ulong IdentityCode = 0x00;
    public const ulong Sha256Code = 0x12;

    /// <summary>Longest identity digest: the peer id rule is that keys of up to 42 bytes are inlined.</summary>
    public const int MaxIdentityBytes = 42;

    /// <summary>The sha2-256 multihash of the content: 34 bytes.</summary>
    public static byte[] Sha256(ReadOnlySpan<byte> content)
    {
        byte[] multihash = new byte[2 + SHA256.HashSizeInBytes];
        multihash[0] = (byte)Sha256Code;
        multihash[1] = SHA256.HashSizeInBytes;
        SHA256.HashData(content, multihash.AsSpan(2));
        return multihash;
    }

    /// <summary>Wraps up to 42 bytes as they are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The content is longer.</exception>
    public static byte[] Identity(ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, MaxIdentityBytes, nameof(content));
        byte[] multihash = new byte[2 + content.Length];
        multihash[1] = (byte)content.Length;
        content.CopyTo(multihash.AsSpan(2));
        return multihash;
    }

    /// <summary>Splits a multihash that fills the span exactly; false for an unknown function or a wrong length.</summary>
    public static bool TryRead(ReadOnlySpan<byte> multihash, out ulong code, out ReadOnlySpan<byte> digest)
    {
        digest = default;
        ReadOnlySpan<byte> rest = multihash;
        if (!Varint.TryTake(ref rest, out code) || !Varint.TryTake(ref rest, out ulong length) || length != (ulong)rest.Length)
        {
            return false;
        }
        bool known = code switch
        {
            IdentityCode => rest.Length is > 0 and <= MaxIdentityBytes,
            Sha256Code => rest.Length == SHA256.HashSizeInBytes,
            _ => false,
        };
        digest = known ? rest : default;
        return known;
    }
}
