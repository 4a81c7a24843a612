using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// The root URL of a server, such as <c>http://silo.example.org:8080</c>. It goes onto the next kernel's command line, so its alphabet has
/// no white space, quotes, commas or control characters.
/// </summary>
internal sealed record RootUrl
{
    public const int MaxLength = 256;
    public const string Expected = "http(s)://HOST[:PORT] without user name, path or query, several separated by commas";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]%");

    private RootUrl(string text) => Text = text;

    /// <summary>As given, without a trailing slash.</summary>
    public string Text { get; }

    public static bool TryParse(string? text, [NotNullWhen(true)] out RootUrl? url)
    {
        url = text is { Length: > 0 and <= MaxLength } && !text.AsSpan().ContainsAnyExcept(Allowed)
            && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            && uri.UserInfo.Length == 0 && uri.Host.Length > 0 && uri.PathAndQuery == "/"
            ? new RootUrl(text.TrimEnd('/'))
            : null;
        return url is not null;
    }

    /// <summary>Others can be told of it: its host is a name or an address.</summary>
    public bool HasAddress => HttpMultiaddr.HasAddress(At("/"));

    /// <param name="path">Starts with a slash; percent-encoded, as it goes over the wire.</param>
    public Uri At(string path) => new(Text + path, UriKind.Absolute);

    public override string ToString() => Text;
}
