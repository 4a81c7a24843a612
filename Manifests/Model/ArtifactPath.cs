using System.Buffers;
using System.Runtime.CompilerServices;

namespace PhaseMesh.Manifests;

/// <summary>
/// Where an artifact is fetched, relative to the provider. Only a path: no scheme, host, query or fragment, and nothing a URL parser
/// could turn into another host (<c>//host</c>, backslashes) or another directory (<c>..</c>, plain or percent-encoded).
/// </summary>
internal static class ArtifactPath
{
    internal const string Expected =
        "an absolute URL path of at most 1024 characters, such as /kernel, without '..', '//', query or fragment";

    /// <summary>RFC 3986 section 3.3: pchar and the slash.</summary>
    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%/");

    internal static bool IsValid(string path)
    {
        if (path.Length is < 2 or > ManifestLimits.MaxPathLength || path[0] != '/' || path.Contains("//", StringComparison.Ordinal)
            || path.AsSpan().ContainsAnyExcept(Allowed))
        {
            return false;
        }

        string plain = path.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase).Replace("%2f", "/", StringComparison.OrdinalIgnoreCase);
        return !plain.Split('/').Any(segment => segment is "." or "..");
    }

    /// <exception cref="ArgumentException">The path breaks the rule of <see cref="Expected"/>.</exception>
    internal static void ThrowIfInvalid(string path, [CallerArgumentExpression(nameof(path))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(path, parameter);
        if (!IsValid(path))
        {
            throw new ArgumentException($"Expected {Expected}, found {Excerpt.Quote(path)}.", parameter);
        }
    }
}
