using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>
/// The name of a peer: the multihash of its public key. https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md
/// Ed25519 keys are inlined (12D3KooW...); longer keys are hashed (Qm...). The default value is no peer.
/// </summary>
public readonly struct PeerId : IEquatable<PeerId>, IComparable<PeerId>
{
    private readonly byte[]? _multihash;

    private PeerId(byte[] multihash) => _multihash = multihash;

    /// <summary>True for the default value, which names nobody.</summary>
    public bool IsEmpty => _multihash is null;

    /// <summary>The multihash: 38 bytes for an Ed25519 peer, 34 for a hashed key.</summary>
    public ReadOnlyMemory<byte> Bytes => _multihash;

    internal ReadOnlySpan<byte> Span => _multihash;

    /// <summary>The peer id of a protobuf-encoded public key.</summary>
    public static PeerId FromPublicKey(ReadOnlySpan<byte> publicKeyProtobuf) => new(
        publicKeyProtobuf.Length <= Multihash.MaxIdentityBytes
            ? Multihash.Identity(publicKeyProtobuf)
            : Multihash.Sha256(publicKeyProtobuf));

    /// <summary>Reads a multihash that fills the span exactly.</summary>
    public static bool TryRead(ReadOnlySpan<byte> multihash, out PeerId peer)
    {
        if (!Multihash.TryRead(multihash, out _, out _))
        {
            peer = default;
            return false;
        }
        peer = new PeerId(multihash.ToArray());
        return true;
    }

    /// <summary>Parses the base58 form (12D3KooW... or Qm...).</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PeerId peer)
    {
        peer = default;
        return text is { Length: > 0 } && Base58.TryDecode(text, out byte[] bytes) && TryRead(bytes, out peer);
    }

    /// <exception cref="FormatException">The text is no peer id.</exception>
    public static PeerId Parse(string text) => TryParse(text, out PeerId peer)
        ? peer
        : throw new FormatException($"'{text}' is no peer id; expected base58 of a public key's multihash, such as 12D3KooW...");

    /// <summary>The public key inside an inlined id (protobuf), or empty when the id is a hash.</summary>
    public ReadOnlySpan<byte> InlinedPublicKey =>
        Multihash.TryRead(_multihash, out ulong code, out ReadOnlySpan<byte> digest) && code == Multihash.IdentityCode ? digest : default;

    public bool Equals(PeerId other) => Span.SequenceEqual(other.Span);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is PeerId other && Equals(other);

    // The tail is key material, so it spreads well; the process-wide hash code needs no flooding defence beyond the key's own cost.
    public override int GetHashCode() => _multihash is { Length: >= 12 } bytes
        ? HashCode.Combine(BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(bytes.Length - 8)), bytes.Length)
        : 0;

    public int CompareTo(PeerId other) => Span.SequenceCompareTo(other.Span);

    public override string ToString() => _multihash is null ? "(no peer)" : Base58.Encode(_multihash);

    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);

    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;
}
