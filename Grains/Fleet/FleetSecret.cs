using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.Grains.Fleet;

/// <summary>
/// Boot tickets <c>pt1-BOOTID-SECRET</c> and join tokens <c>pj1-ID-SECRET</c>: what they belong to, and 32 random bytes in hex of which
/// only the SHA-256 is kept.
/// </summary>
public sealed record FleetSecret
{
    public const string TicketPrefix = "pt1";
    public const string TokenPrefix = "pj1";

    /// <summary>Hex digits of a token's id.</summary>
    public const int TokenIdLength = 16;

    private const int SecretLength = 64;

    private FleetSecret(string prefix, string owner, string secret) => (Prefix, Owner, Secret) = (prefix, owner, secret);

    public string Prefix { get; }

    /// <summary>The boot id, or the token's id.</summary>
    public string Owner { get; }

    /// <summary>64 lower-case hex digits.</summary>
    public string Secret { get; }

    public static bool TryParseTicket([NotNullWhen(true)] string? text, [NotNullWhen(true)] out FleetSecret? ticket) =>
        TryParse(text, TicketPrefix, BootSessions.BootId.Length, out ticket);

    public static bool TryParseToken([NotNullWhen(true)] string? text, [NotNullWhen(true)] out FleetSecret? token) =>
        TryParse(text, TokenPrefix, TokenIdLength, out token);

    /// <summary>A new token id.</summary>
    public static string NewTokenId() => RandomNumberGenerator.GetHexString(TokenIdLength, lowercase: true);

    public override string ToString() => $"{Prefix}-{Owner}-{Secret}";

    internal static FleetSecret NewTicket(string bootId) => new(TicketPrefix, bootId, NewSecret());

    internal static FleetSecret NewToken(string id) => new(TokenPrefix, id, NewSecret());

    /// <summary>What is kept. The secret has 256 random bits, so a plain hash can't be guessed back.</summary>
    internal string Hash() => HashOf(Secret);

    /// <summary>In constant time.</summary>
    internal static bool Matches(string? secret, string? hash) =>
        secret is not null && hash is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(HashOf(secret)), Encoding.ASCII.GetBytes(hash));

    private static string NewSecret() => RandomNumberGenerator.GetHexString(SecretLength, lowercase: true);

    private static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static bool TryParse(string? text, string prefix, int ownerLength, [NotNullWhen(true)] out FleetSecret? parsed)
    {
        string[] parts = text is { Length: <= 128 } ? text.Split('-') : [];
        parsed = parts.Length == 3 && parts[0] == prefix && parts[1].Length == ownerLength && parts[2].Length == SecretLength
            && (parts[1] + parts[2]).All(char.IsAsciiHexDigitLower)
            ? new FleetSecret(prefix, parts[1], parts[2])
            : null;
        return parsed is not null;
    }
}
