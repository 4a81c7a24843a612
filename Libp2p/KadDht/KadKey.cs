using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// A point of Kademlia's key space: the SHA-256 of a key or of a peer id's multihash. Nearness is the XOR of two points read as a
/// big-endian number. https://github.com/libp2p/specs/blob/master/kad-dht/README.md#dht-keys
/// </summary>
internal readonly record struct KadKey(ulong A, ulong B, ulong C, ulong D)
{
    public const int Bits = 256;

    public static KadKey Of(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return FromHash(hash);
    }

    public static KadKey Of(PeerId peer) => Of(peer.Span);

    public static KadKey FromHash(ReadOnlySpan<byte> hash) => new(
        BinaryPrimitives.ReadUInt64BigEndian(hash),
        BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));

    /// <summary>The distance to another point, itself a point.</summary>
    public KadKey DistanceTo(KadKey other) => new(A ^ other.A, B ^ other.B, C ^ other.C, D ^ other.D);

    /// <summary>Number of leading bits in common: 0 to 256.</summary>
    public int CommonPrefixBits(KadKey other)
    {
        KadKey distance = DistanceTo(other);
        if (distance.A != 0)
        {
            return BitOperations.LeadingZeroCount(distance.A);
        }
        if (distance.B != 0)
        {
            return 64 + BitOperations.LeadingZeroCount(distance.B);
        }
        return distance.C != 0
            ? 128 + BitOperations.LeadingZeroCount(distance.C)
            : 192 + BitOperations.LeadingZeroCount(distance.D);
    }

    /// <summary>A random point that shares exactly that many leading bits with this one.</summary>
    public KadKey RandomInBucket(int commonBits, Random random)
    {
        Span<byte> hash = stackalloc byte[32];
        random.NextBytes(hash);
        Span<byte> own = stackalloc byte[32];
        BinaryPrimitives.WriteUInt64BigEndian(own, A);
        BinaryPrimitives.WriteUInt64BigEndian(own[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(own[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(own[24..], D);
        for (int bit = 0; bit <= commonBits && bit < Bits; bit++)
        {
            int mask = 0x80 >> (bit % 8);
            int wanted = bit < commonBits ? own[bit / 8] & mask : ~own[bit / 8] & mask;
            hash[bit / 8] = (byte)((hash[bit / 8] & ~mask) | wanted);
        }
        return FromHash(hash);
    }

    public int CompareTo(KadKey other)
    {
        int order = A.CompareTo(other.A);
        order = order != 0 ? order : B.CompareTo(other.B);
        order = order != 0 ? order : C.CompareTo(other.C);
        return order != 0 ? order : D.CompareTo(other.D);
    }
}
