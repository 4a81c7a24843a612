using System.Security.Cryptography;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Identity;

/// <summary>A node has one key with two spellings: <c>ed25519:...</c> in what it signs, and a libp2p peer id, <c>12D3KooW...</c>.</summary>
internal static class NodePeer
{
    /// <summary>protobuf PublicKey { Type = Ed25519; Data = 32 bytes }</summary>
    private static ReadOnlySpan<byte> Prefix => [0x08, 0x01, 0x12, 0x20];

    public static PeerId Of(Ed25519PublicKey key)
    {
        Span<byte> protobuf = stackalloc byte[Prefix.Length + Ed25519PublicKey.SizeBytes];
        Prefix.CopyTo(protobuf);
        key.CopyTo(protobuf[Prefix.Length..]);
        return PeerId.FromPublicKey(protobuf);
    }

    /// <summary>Null for a peer whose key is of another type, or no good.</summary>
    public static Ed25519PublicKey? KeyOf(PeerId peer) =>
        IdentityPublicKey.TryFromPeerId(peer, out IdentityPublicKey? key) && Ed25519PublicKey.TryCreate(key.Bytes.Span, out Ed25519PublicKey node)
            ? node
            : null;

    /// <summary>The same key for libp2p; the caller disposes of it.</summary>
    public static IdentityKey IdentityOf(Ed25519PrivateKey key)
    {
        Span<byte> seed = stackalloc byte[Ed25519PrivateKey.SeedBytes];
        key.CopySeedTo(seed);
        IdentityKey identity = IdentityKey.FromSeed(seed);
        CryptographicOperations.ZeroMemory(seed);
        return identity;
    }
}
