using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Requests;

/// <summary>
/// HTTP requests signed with an Ed25519 key: who calls, and that nothing of the call was changed or sent again (docs/wire/signed-requests.md).
/// <code>
/// Phase-Key: ed25519:HEX   Phase-Time: 2026-11-21T10:00:00Z   Phase-Nonce: 32 HEX   Phase-Signature: BASE64
/// signed: phase-request-1 LF METHOD LF PATH?QUERY LF HEX(SHA-256(body)) LF TIME LF NONCE
/// </code>
/// The receiver must remember nonces for <see cref="Window"/> on both sides of now, or a request can be sent again within it.
/// </summary>
public static class RequestSignature
{
    public const string KeyHeader = "Phase-Key";
    public const string TimeHeader = "Phase-Time";
    public const string NonceHeader = "Phase-Nonce";
    public const string SignatureHeader = "Phase-Signature";

    /// <summary>Hex digits: 128 random bits.</summary>
    public const int NonceLength = 32;

    private const string Version = "phase-request-1";

    /// <summary>How far the clocks of caller and receiver may be apart.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <param name="method">Such as <c>POST</c>.</param>
    /// <param name="pathAndQuery">As it goes over the wire, percent-encoding included.</param>
    /// <param name="body">Empty for none.</param>
    /// <param name="key">Who calls.</param>
    /// <param name="now">The caller's clock.</param>
    /// <returns>The headers to add.</returns>
    public static IReadOnlyList<KeyValuePair<string, string>> Sign(
        string method, string pathAndQuery, ReadOnlySpan<byte> body, Ed25519PrivateKey key, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        string time = Rfc3339.Format(now);
        string nonce = RandomNumberGenerator.GetHexString(NonceLength, lowercase: true);
        byte[] signature = key.Sign(SignedText(method, pathAndQuery, body, time, nonce));
        return
        [
            new(KeyHeader, key.PublicKey.KeyId), new(TimeHeader, time), new(NonceHeader, nonce),
            new(SignatureHeader, Convert.ToBase64String(signature)),
        ];
    }

    /// <param name="method">As received.</param>
    /// <param name="pathAndQuery">As received, before any decoding.</param>
    /// <param name="body">All of it.</param>
    /// <param name="header">The one value of a header, or null when it is missing or given twice.</param>
    /// <param name="now">The receiver's clock.</param>
    public static RequestVerdict Verify(
        string method, string pathAndQuery, ReadOnlySpan<byte> body, Func<string, string?> header, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(header);
        if ((header(KeyHeader), header(TimeHeader), header(NonceHeader), header(SignatureHeader)) is not
            ({ } keyText, { } timeText, { } nonce, { } signatureText))
        {
            return RequestVerdict.Refuse(RequestRefusal.NotSigned,
                $"Expected the headers {KeyHeader}, {TimeHeader}, {NonceHeader} and {SignatureHeader}, each once.");
        }

        Span<byte> signature = stackalloc byte[Ed25519PublicKey.SignatureBytes];
        return !keyText.StartsWith(Ed25519PublicKey.Prefix, StringComparison.Ordinal) || !Ed25519PublicKey.TryParse(keyText, out Ed25519PublicKey key)
            || key.KeyId != keyText ? Malformed(KeyHeader, "ed25519: and 64 lower-case hex digits", keyText)
            : !Rfc3339.TryParse(timeText, out DateTimeOffset time) ? Malformed(TimeHeader, Rfc3339.Expected, timeText)
            : nonce.Length != NonceLength || !nonce.All(char.IsAsciiHexDigitLower)
                ? Malformed(NonceHeader, $"{NonceLength} lower-case hex digits", nonce)
            : !Convert.TryFromBase64String(signatureText, signature, out int length) || length != signature.Length
                ? Malformed(SignatureHeader, "64 bytes in base64", signatureText)
            : (now - time).Duration() > Window
                ? RequestVerdict.Refuse(RequestRefusal.Skewed, string.Create(CultureInfo.InvariantCulture,
                    $"The request was signed at {time:u}, it is {now:u} here: more than {Window.TotalMinutes:0} min apart. Set the caller's clock."))
            : !key.Verify(SignedText(method, pathAndQuery, body, timeText, nonce), signature)
                ? RequestVerdict.Refuse(RequestRefusal.BadSignature, $"{SignatureHeader} is not the signature of {keyText} over this request.")
            : new RequestVerdict(RequestRefusal.None, string.Empty, key, nonce, time);
    }

    private static byte[] SignedText(string method, string pathAndQuery, ReadOnlySpan<byte> body, string time, string nonce) =>
        Encoding.UTF8.GetBytes($"{Version}\n{method}\n{pathAndQuery}\n{Convert.ToHexStringLower(SHA256.HashData(body))}\n{time}\n{nonce}");

    private static RequestVerdict Malformed(string name, string expected, string actual) =>
        RequestVerdict.Refuse(RequestRefusal.Malformed, $"{name}: expected {expected}, found {Excerpt.Quote(actual)}.");
}
