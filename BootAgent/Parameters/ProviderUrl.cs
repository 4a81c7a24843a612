using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// The base URL of a provider, such as <c>http://10.0.2.2:8080</c> or <c>http://[fe80::1]:8080/boot</c>. It goes onto the next kernel's
/// command line, so its alphabet has no white space, quotes, commas or control characters. What was found in the DHT may also be
/// <c>libp2p://12D3KooW...</c>, a node that is asked by <c>/deboot/fetch/1.0.0</c>; nobody can write that as a parameter.
/// </summary>
internal sealed record ProviderUrl
{
    public const int MaxLength = 256;
    public const string Expected = "http://HOST[:PORT][/PATH] without user name, query or fragment, several separated by commas";
    public const string Libp2pScheme = "libp2p";

    private const string Libp2pPrefix = Libp2pScheme + "://";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]%");

    private ProviderUrl(string text) => Text = text;

    /// <summary>As given, without a trailing slash.</summary>
    public string Text { get; }

    public bool IsHttp => !Text.StartsWith(Libp2pPrefix, StringComparison.Ordinal);

    public static bool TryParse(string? text, [NotNullWhen(true)] out ProviderUrl? url)
    {
        url = null;
        if (text is not { Length: > 0 and <= MaxLength } || text.AsSpan().ContainsAnyExcept(Allowed)
            || !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme != Uri.UriSchemeHttp
            || uri.UserInfo.Length > 0 || uri.Host.Length == 0 || text.Contains("..", StringComparison.Ordinal))
        {
            return false;
        }

        url = new ProviderUrl(text.TrimEnd('/'));
        return true;
    }

    public static ProviderUrl Of(PeerId peer) => new(Libp2pPrefix + peer);

    /// <summary>The node that a URL made by <see cref="At"/> of a libp2p provider asks.</summary>
    public static bool TryGetPeer(Uri url, out PeerId peer)
    {
        peer = default;
        // The text it was made of: Uri lowers the case of hosts, and a peer id's case counts.
        string text = url.OriginalString;
        return url.Scheme == Libp2pScheme && text.StartsWith(Libp2pPrefix, StringComparison.Ordinal)
            && PeerId.TryParse(text[Libp2pPrefix.Length..].Split('/')[0], out peer);
    }

    /// <param name="path">Starts with a slash.</param>
    public Uri At(string path) => new(Text + path, UriKind.Absolute);

    /// <summary>As people read it.</summary>
    public override string ToString() => IsHttp ? Text : $"{Text[Libp2pPrefix.Length..]} over libp2p";
}
