using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// A node's key has two spellings: the key id of manifests and mDNS (<c>ed25519:...</c>) and the libp2p peer id (<c>12D3KooW...</c>). The
/// key id is the one by which a provider that was found twice is known to be one.
/// </summary>
internal static class NodeName
{
    /// <summary>Null for a peer whose id is the hash of a key, which no node of the mesh has.</summary>
    public static string? Of(PeerId peer) => IdentityPublicKey.TryFromPeerId(peer, out IdentityPublicKey? key)
        ? $"ed25519:{Convert.ToHexStringLower(key.Bytes.Span)}"
        : null;

    /// <param name="text">Either spelling, or whatever a stranger calls itself, which stays as it is.</param>
    public static string? Of(string? text) =>
        Ed25519PublicKey.TryParse(text ?? string.Empty, out Ed25519PublicKey key) ? key.KeyId
        : PeerId.TryParse(text, out PeerId peer) ? Of(peer) ?? text
        : text;
}
