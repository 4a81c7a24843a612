using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PhaseMesh.Libp2p.Crypto;

/// <summary>
/// The four primitives that .NET has not: Ed25519 and X25519, from the operating system's libsodium. The library is looked for under
/// the names distributions give it: libsodium.so.26 (1.0.19 and later), libsodium.so.23, and Homebrew's libsodium.dylib.
/// </summary>
internal static partial class Sodium
{
    public const int SeedBytes = 32;
    public const int PublicKeyBytes = 32;
    public const int SecretKeyBytes = 64;
    public const int SignatureBytes = 64;
    public const int ScalarBytes = 32;
    private const string Library = "libsodium";

    private static readonly string[] Names =
    [
        "libsodium.so.26", "libsodium.so.23", "libsodium.so", "libsodium.26.dylib", "libsodium.23.dylib", "libsodium.dylib",
        "/opt/homebrew/lib/libsodium.dylib", "/usr/local/lib/libsodium.dylib",
    ];

    static Sodium()
    {
        NativeLibrary.SetDllImportResolver(typeof(Sodium).Assembly, Resolve);
        if (sodium_init() < 0)
        {
            throw new CryptographicException("libsodium could not be initialised; keys cannot be used safely.");
        }
    }

    public static void KeyPairFromSeed(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey)
    {
        Require(seed.Length == SeedBytes && publicKey.Length == PublicKeyBytes && secretKey.Length == SecretKeyBytes);
        Check(crypto_sign_seed_keypair(publicKey, secretKey, seed));
    }

    public static void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> secretKey, Span<byte> signature)
    {
        Require(secretKey.Length == SecretKeyBytes && signature.Length == SignatureBytes);
        Check(crypto_sign_detached(signature, 0, message, (ulong)message.Length, secretKey));
    }

    public static bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey) =>
        signature.Length == SignatureBytes && publicKey.Length == PublicKeyBytes
        && crypto_sign_verify_detached(signature, message, (ulong)message.Length, publicKey) == 0;

    public static void X25519PublicKey(ReadOnlySpan<byte> secret, Span<byte> publicKey)
    {
        Require(secret.Length == ScalarBytes && publicKey.Length == ScalarBytes);
        Check(crypto_scalarmult_base(publicKey, secret));
    }

    /// <summary>False when the peer's key is of small order, so that the result would not depend on our secret.</summary>
    public static bool X25519(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> peerPublicKey, Span<byte> shared)
    {
        Require(secret.Length == ScalarBytes && peerPublicKey.Length == ScalarBytes && shared.Length == ScalarBytes);
        return crypto_scalarmult(shared, secret, peerPublicKey) == 0;
    }

    // libsodium trusts its callers with lengths, so they are checked on this side.
    private static void Require(bool lengthsMatch)
    {
        if (!lengthsMatch)
        {
            throw new ArgumentException("A key, seed or signature has the wrong length.");
        }
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new CryptographicException("libsodium refused the operation.");
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Library)
        {
            return 0;
        }
        foreach (string candidate in Names)
        {
            if (NativeLibrary.TryLoad(candidate, assembly, searchPath, out nint handle))
            {
                return handle;
            }
        }
        throw new DllNotFoundException(
            $"libsodium was not found under any of: {string.Join(", ", Names)}. "
            + "Install it (Debian: libsodium23; macOS: brew install libsodium).");
    }

    [LibraryImport(Library)]
    private static partial int sodium_init();

    [LibraryImport(Library)]
    private static partial int crypto_sign_seed_keypair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Library)]
    private static partial int crypto_sign_detached(
        Span<byte> signature, nint signatureLength, ReadOnlySpan<byte> message, ulong length, ReadOnlySpan<byte> secretKey);

    [LibraryImport(Library)]
    private static partial int crypto_sign_verify_detached(
        ReadOnlySpan<byte> signature, ReadOnlySpan<byte> message, ulong length, ReadOnlySpan<byte> publicKey);

    [LibraryImport(Library)]
    private static partial int crypto_scalarmult_base(Span<byte> publicKey, ReadOnlySpan<byte> secret);

    [LibraryImport(Library)]
    private static partial int crypto_scalarmult(Span<byte> shared, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> publicKey);
}
