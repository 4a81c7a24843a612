using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// The base URL of a provider, such as <c>http://10.0.2.2:8080</c> or <c>http://[fe80::1]:8080/boot</c>. It goes onto the next kernel's
/// command line, so its alphabet has no white space, quotes, commas or control characters.
/// </summary>
internal sealed record ProviderUrl
{
    public const int MaxLength = 256;
    public const string Expected = "http://HOST[:PORT][/PATH] without user name, query or fragment, several separated by commas";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]%");

    private ProviderUrl(string text) => Text = text;

    /// <summary>As given, without a trailing slash.</summary>
    public string Text { get; }

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

    /// <param name="path">Starts with a slash.</param>
    public Uri At(string path) => new(Text + path, UriKind.Absolute);

    public override string ToString() => Text;
}
