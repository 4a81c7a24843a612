namespace PhaseMesh.Libp2p.KadDht;

/// <summary>Bytes as a dictionary key.</summary>
internal readonly struct ByteKey(byte[] bytes) : IEquatable<ByteKey>
{
    public byte[] Bytes => bytes;

    public bool Equals(ByteKey other) => bytes.AsSpan().SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is ByteKey other && Equals(other);

    // HashCode is seeded per process, so a peer cannot prepare keys that collide.
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
