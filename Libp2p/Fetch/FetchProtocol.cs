using System.Buffers;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>
/// Fetching a manifest, an artifact or a range of one from a peer.
/// <code>
/// stream   = *( request answer )
/// request  = uvarint(length) JSON          {"type":"manifest"[,"channel":c,"arch":a]} | {"hash":"sha256:.."[,"offset":n][,"length":n]}
/// answer   = uvarint(length) JSON [ body ] {"ok":true,"size":n,"offset":n,"length":n[,"hash":"sha256:.."]} and length bytes of body,
///                                          or {"ok":false,"error":"text","code":"not_found|bad_request|bad_range|busy|unavailable"}
/// </code>
/// A JSON text is at most 4 KiB. docs/wire/deboot-fetch.md has the rules.
/// </summary>
public static class FetchProtocol
{
    public const string Id = "/deboot/fetch/1.0.0";

    /// <summary>Longest JSON text of a request or an answer.</summary>
    public const int MaxMessageBytes = 4096;

    internal const string HashPrefix = "sha256:";
    internal const int HashChars = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    internal static bool IsHash(string text) =>
        text.Length == HashPrefix.Length + HashChars && text.StartsWith(HashPrefix, StringComparison.Ordinal)
        && !text.AsSpan(HashPrefix.Length).ContainsAnyExcept(HexDigits);
}
