using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Manifests.Naming;

/// <summary>The name of a release channel such as <c>stable</c>: 1 to 64 of <c>a-z 0-9 . _ -</c>, starting with a letter or digit.</summary>
public readonly record struct ReleaseChannelName
{
    public const int MaxLength = 64;

    /// <summary>What an error tells the user to write.</summary>
    public const string Expected = "1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");
    private readonly string? _name;

    private ReleaseChannelName(string name) => _name = name;

    public static bool TryParse([NotNullWhen(true)] string? text, out ReleaseChannelName name)
    {
        name = default;
        if (text is not { Length: > 0 and <= MaxLength } || !char.IsAsciiLetterOrDigit(text[0]) || text.AsSpan().ContainsAnyExcept(Allowed))
        {
            return false;
        }

        name = new ReleaseChannelName(text);
        return true;
    }

    /// <exception cref="FormatException">The text breaks the rule of <see cref="Expected"/>.</exception>
    public static ReleaseChannelName Parse(string text) =>
        TryParse(text, out ReleaseChannelName name) ? name : throw new FormatException($"Expected {Expected}, found '{text}'.");

    public override string ToString() => _name ?? string.Empty;
}
