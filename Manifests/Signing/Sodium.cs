using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PhaseMesh.Manifests.Signing;

/// <summary>The three calls of libsodium's crypto_sign (Ed25519, RFC 8032) that are used here, with lengths checked before they cross over.</summary>
internal static partial class Sodium
{
    internal const int PublicKeyBytes = 32;
    internal const int SeedBytes = 32;
    internal const int SignatureBytes = 64;

    /// <summary>libsodium's secret key is the seed followed by the public key.</summary>
    internal const int SecretKeyBytes = SeedBytes + PublicKeyBytes;

    static Sodium()
    {
        SodiumLibrary.Register(typeof(Sodium).Assembly);
        if (sodium_init() < 0)
        {
            throw new CryptographicException("libsodium could not be initialised; Ed25519 signatures can be neither made nor checked.");
        }
    }

    internal static void KeyPairFromSeed(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedBytes, nameof(seed));
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, PublicKeyBytes, nameof(publicKey));
        ArgumentOutOfRangeException.ThrowIfNotEqual(secretKey.Length, SecretKeyBytes, nameof(secretKey));
        int result = crypto_sign_seed_keypair(
            ref MemoryMarshal.GetReference(publicKey), ref MemoryMarshal.GetReference(secretKey), in MemoryMarshal.GetReference(seed));
        ThrowUnlessZero(result, "make a key pair");
    }

    internal static void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> secretKey, Span<byte> signature)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secretKey.Length, SecretKeyBytes, nameof(secretKey));
        ArgumentOutOfRangeException.ThrowIfNotEqual(signature.Length, SignatureBytes, nameof(signature));
        int result = crypto_sign_detached(ref MemoryMarshal.GetReference(signature), IntPtr.Zero,
            in MemoryMarshal.GetReference(message), (ulong)message.Length, in MemoryMarshal.GetReference(secretKey));
        ThrowUnlessZero(result, "sign");
    }

    internal static bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, PublicKeyBytes, nameof(publicKey));
        ArgumentOutOfRangeException.ThrowIfNotEqual(signature.Length, SignatureBytes, nameof(signature));
        return crypto_sign_verify_detached(in MemoryMarshal.GetReference(signature),
            in MemoryMarshal.GetReference(message), (ulong)message.Length, in MemoryMarshal.GetReference(publicKey)) == 0;
    }

    private static void ThrowUnlessZero(int result, string what)
    {
        if (result != 0)
        {
            throw new CryptographicException($"libsodium could not {what} (result {result}).");
        }
    }

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int sodium_init();

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_sign_seed_keypair(ref byte publicKey, ref byte secretKey, ref readonly byte seed);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_sign_detached(
        ref byte signature, IntPtr signatureLength, ref readonly byte message, ulong messageLength, ref readonly byte secretKey);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_sign_verify_detached(
        ref readonly byte signature, ref readonly byte message, ulong messageLength, ref readonly byte publicKey);
}
