using System.Security.Cryptography;

namespace PhaseMesh.Manifests.Signing;

/// <summary>An Ed25519 private key. Its bytes are pinned, so that no copies are left behind by the collector, and zeroed on dispose.</summary>
public sealed class Ed25519PrivateKey : IDisposable
{
    public const int SeedBytes = Sodium.SeedBytes;

    private readonly byte[] _secretKey = GC.AllocateArray<byte>(Sodium.SecretKeyBytes, pinned: true);
    private bool _disposed;

    private Ed25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        Span<byte> publicKey = stackalloc byte[Sodium.PublicKeyBytes];
        Sodium.KeyPairFromSeed(seed, publicKey, _secretKey);
        if (!Ed25519PublicKey.TryCreate(publicKey, out Ed25519PublicKey key))
        {
            throw new CryptographicException("libsodium made a public key of small order; it is broken, and nothing may be signed with it.");
        }

        PublicKey = key;
    }

    public Ed25519PublicKey PublicKey { get; }

    /// <summary>A new key from the operating system's random numbers.</summary>
    public static Ed25519PrivateKey Generate()
    {
        Span<byte> seed = stackalloc byte[SeedBytes];
        RandomNumberGenerator.Fill(seed);
        return FromSeedAndZero(seed);
    }

    /// <param name="seed32">The 32-byte private key of RFC 8032; still the caller's to zero.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not 32 bytes.</exception>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed32) => new(seed32);

    /// <param name="pem">PKCS#8 (RFC 8410), as <c>openssl genpkey -algorithm ed25519</c> writes it.</param>
    /// <exception cref="FormatException">Anything else; the message doesn't quote the text.</exception>
    public static Ed25519PrivateKey FromPem(ReadOnlySpan<char> pem)
    {
        Span<byte> seed = stackalloc byte[SeedBytes];
        Ed25519Pem.ReadPrivate(pem, seed);
        return FromSeedAndZero(seed);
    }

    /// <inheritdoc cref="FromPem(ReadOnlySpan{char})"/>
    public static Ed25519PrivateKey FromPem(string pem) => FromPem(pem.AsSpan());

    /// <summary>Reads a PEM file of at most 16 KiB.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="FormatException">It holds no Ed25519 private key; the message names the file.</exception>
    public static Ed25519PrivateKey LoadFile(string path) => PrivateKeyFile.Load(path);

    /// <summary>
    /// Writes a PEM file that only its owner can read (mode 0600). It appears whole or not at all, on disk when this returns, and an
    /// existing file is never overwritten.
    /// </summary>
    /// <exception cref="IOException">There is such a file already, or it can't be written.</exception>
    public void SaveFile(string path) => PrivateKeyFile.Save(path, this);

    /// <summary>PKCS#8 PEM. The string can't be zeroed: prefer <see cref="SaveFile"/>.</summary>
    public string ToPem()
    {
        char[] pem = ToPemCharacters();
        string text = new(pem);
        Array.Clear(pem);
        return text;
    }

    /// <returns>64 bytes.</returns>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        byte[] signature = new byte[Sodium.SignatureBytes];
        Sodium.Sign(message, _secretKey, signature);
        return signature;
    }

    /// <summary>For another library that speaks for the same identity.</summary>
    /// <param name="destination">At least <see cref="SeedBytes"/>; the caller zeroes it.</param>
    public void CopySeedTo(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _secretKey.AsSpan(0, SeedBytes).CopyTo(destination);
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secretKey);
    }

    /// <summary>The caller zeroes the result.</summary>
    internal char[] ToPemCharacters()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Ed25519Pem.WritePrivate(_secretKey.AsSpan(0, SeedBytes));
    }

    internal ReadOnlyMemory<byte> SecretKeyForTests => _secretKey;

    private static Ed25519PrivateKey FromSeedAndZero(Span<byte> seed)
    {
        try
        {
            return new Ed25519PrivateKey(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }
}
