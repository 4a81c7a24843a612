using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Crypto;

/// <summary>
/// A node's Ed25519 identity: it signs what the node says about itself. Dispose wipes the secret.
/// <code>message PrivateKey { KeyType Type = 1; bytes Data = 2; }   // 08 01 12 40, then seed and public key, 32 bytes each</code>
/// </summary>
public sealed class IdentityKey : IDisposable
{
    private readonly byte[] _secret;

    private IdentityKey(byte[] publicKey, byte[] secret)
    {
        PublicKey = new IdentityPublicKey(publicKey);
        _secret = secret;
    }

    public IdentityPublicKey PublicKey { get; }

    public PeerId PeerId => PublicKey.PeerId;

    public static IdentityKey Generate()
    {
        Span<byte> seed = stackalloc byte[Sodium.SeedBytes];
        RandomNumberGenerator.Fill(seed);
        IdentityKey key = FromSeed(seed);
        CryptographicOperations.ZeroMemory(seed);
        return key;
    }

    /// <param name="seed">The 32 bytes of an RFC 8032 private key.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static IdentityKey FromSeed(ReadOnlySpan<byte> seed)
    {
        byte[] publicKey = new byte[Sodium.PublicKeyBytes];
        byte[] secret = GC.AllocateArray<byte>(Sodium.SecretKeyBytes, pinned: true);
        Sodium.KeyPairFromSeed(seed, publicKey, secret);
        return new IdentityKey(publicKey, secret);
    }

    /// <summary>Reads the protobuf form that libp2p key files hold; false unless it is Ed25519 and its public half fits its seed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> protobuf, [NotNullWhen(true)] out IdentityKey? key)
    {
        key = null;
        if (!KeyMessage.TryRead(protobuf, Sodium.SecretKeyBytes, out ReadOnlySpan<byte> data))
        {
            return false;
        }
        IdentityKey candidate = FromSeed(data[..Sodium.SeedBytes]);
        if (!candidate.PublicKey.Bytes.Span.SequenceEqual(data[Sodium.SeedBytes..]))
        {
            candidate.Dispose();
            return false;
        }
        key = candidate;
        return true;
    }

    /// <summary>The protobuf form; it holds the secret.</summary>
    public byte[] ToProtobuf() => KeyMessage.Encode(_secret);

    /// <summary>The 64-byte Ed25519 signature over the message.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        byte[] signature = new byte[Sodium.SignatureBytes];
        Sodium.Sign(message, _secret, signature);
        return signature;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);
}
