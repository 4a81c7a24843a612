using System.Security.Cryptography;
using PhaseMesh.Libp2p.Crypto;

namespace PhaseMesh.Libp2p.Noise;

/// <summary>An X25519 key pair; every connection makes its own static and ephemeral one. Dispose wipes the secret.</summary>
internal sealed class NoiseKeyPair : IDisposable
{
    public const int KeyBytes = Sodium.ScalarBytes;
    private readonly byte[] _secret;

    public NoiseKeyPair(ReadOnlySpan<byte> secret)
    {
        _secret = secret.ToArray();
        Sodium.X25519PublicKey(_secret, PublicKey);
    }

    public byte[] PublicKey { get; } = new byte[KeyBytes];

    public static NoiseKeyPair Generate() => new(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>The Diffie-Hellman secret with a peer's public key.</summary>
    /// <exception cref="Libp2pException">The key is of small order: the peer wants a secret that everybody knows.</exception>
    public byte[] Agree(ReadOnlySpan<byte> peerKey)
    {
        byte[] shared = new byte[KeyBytes];
        return Sodium.X25519(_secret, peerKey, shared)
            ? shared
            : throw new Libp2pException(DropReason.NoiseInvalid, "The peer's X25519 key is of small order; refusing the handshake.");
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);
}
