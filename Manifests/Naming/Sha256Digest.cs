using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace PhaseMesh.Manifests.Naming;

/// <summary>A SHA-256 digest, written <c>sha256:</c> and 64 lower-case hex digits.</summary>
public readonly struct Sha256Digest : IEquatable<Sha256Digest>
{
    /// <summary>What an error tells the user to write.</summary>
    public const string Expected = "sha256: and 64 lower-case hex digits";

    public const int SizeBytes = 32;
    public const string Prefix = "sha256:";
    private const int HexLength = SizeBytes * 2;
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly ulong _a, _b, _c, _d;

    /// <param name="bytes">Exactly 32 bytes.</param>
    public Sha256Digest(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes, nameof(bytes));
        _a = BitConverter.ToUInt64(bytes);
        _b = BitConverter.ToUInt64(bytes[8..]);
        _c = BitConverter.ToUInt64(bytes[16..]);
        _d = BitConverter.ToUInt64(bytes[24..]);
    }

    public static Sha256Digest Compute(ReadOnlySpan<byte> content)
    {
        Span<byte> digest = stackalloc byte[SizeBytes];
        SHA256.HashData(content, digest);
        return new Sha256Digest(digest);
    }

    /// <summary>Reads <c>sha256:&lt;64 lower-case hex&gt;</c>; upper-case hex is refused, so a digest has one spelling.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Sha256Digest digest)
    {
        digest = default;
        return text is not null && text.StartsWith(Prefix, StringComparison.Ordinal)
            && TryParseHex(text.AsSpan(Prefix.Length), out digest);
    }

    /// <summary>Reads the 64 lower-case hex digits alone.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> hex, out Sha256Digest digest)
    {
        digest = default;
        if (hex.Length != HexLength || hex.ContainsAnyExcept(LowerHex))
        {
            return false;
        }

        digest = new Sha256Digest(Convert.FromHexString(hex));
        return true;
    }

    /// <exception cref="FormatException">The text is not <c>sha256:</c> and 64 lower-case hex digits.</exception>
    public static Sha256Digest Parse(string text) => TryParse(text, out Sha256Digest digest)
        ? digest
        : throw new FormatException($"Expected {Expected}, found '{text}'.");

    /// <param name="destination">At least 32 bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        BitConverter.TryWriteBytes(destination, _a);
        BitConverter.TryWriteBytes(destination[8..], _b);
        BitConverter.TryWriteBytes(destination[16..], _c);
        BitConverter.TryWriteBytes(destination[24..], _d);
    }

    public string ToHex()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    public override string ToString() => Prefix + ToHex();

    public bool Equals(Sha256Digest other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is Sha256Digest other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_a, _b, _c, _d);

    public static bool operator ==(Sha256Digest left, Sha256Digest right) => left.Equals(right);

    public static bool operator !=(Sha256Digest left, Sha256Digest right) => !left.Equals(right);
}
