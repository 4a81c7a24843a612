using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Crypto;

/// <summary>
/// The Ed25519 public key that a peer is named after. https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md#keys
/// <code>message PublicKey { KeyType Type = 1; bytes Data = 2; }   // Ed25519 = 1: 08 01 12 20 and 32 bytes</code>
/// </summary>
public sealed class IdentityPublicKey : IEquatable<IdentityPublicKey>
{
    private readonly byte[] _key;

    internal IdentityPublicKey(byte[] key)
    {
        _key = key;
        Protobuf = KeyMessage.Encode(key);
        PeerId = PeerId.FromPublicKey(Protobuf.Span);
    }

    /// <summary>The 32 bytes of the key.</summary>
    public ReadOnlyMemory<byte> Bytes => _key;

    /// <summary>The protobuf form, as peers exchange it.</summary>
    public ReadOnlyMemory<byte> Protobuf { get; }

    public PeerId PeerId { get; }

    /// <summary>
    /// Reads the protobuf form; false when it is malformed or of another key type, whose signatures cannot be checked here.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> protobuf, [NotNullWhen(true)] out IdentityPublicKey? key)
    {
        key = null;
        if (!KeyMessage.TryRead(protobuf, Sodium.PublicKeyBytes, out ReadOnlySpan<byte> data))
        {
            return false;
        }
        key = new IdentityPublicKey(data.ToArray());
        // Any other encoding of the same key would hash to another peer id.
        return protobuf.SequenceEqual(key.Protobuf.Span) || (key = null) is not null;
    }

    /// <summary>The key inside an Ed25519 peer id; false when the id is a hash.</summary>
    public static bool TryFromPeerId(PeerId peer, [NotNullWhen(true)] out IdentityPublicKey? key) =>
        TryRead(peer.InlinedPublicKey, out key);

    /// <summary>Whether the signature over the message was made with this key's secret.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => Sodium.Verify(message, signature, _key);

    public bool Equals(IdentityPublicKey? other) => other is not null && _key.AsSpan().SequenceEqual(other._key);

    public override bool Equals(object? obj) => Equals(obj as IdentityPublicKey);

    public override int GetHashCode() => PeerId.GetHashCode();
}
