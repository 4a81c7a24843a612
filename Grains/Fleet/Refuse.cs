using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Grains.Providers;

namespace PhaseMesh.Grains.Fleet;

/// <summary>Short ways to <see cref="FleetRefusedException"/>.</summary>
internal static class Refuse
{
    /// <summary>Key ids, and names of people or machines.</summary>
    internal const int MaxActorLength = 256;

    private const int MaxQuotedLength = 64;

    internal static FleetRefusedException Invalid(string message) => new(RefusalKind.Invalid, FleetRefusals.Invalid, message);

    internal static FleetRefusedException Forbidden(string slug, string message) => new(RefusalKind.Forbidden, slug, message);

    internal static FleetRefusedException Conflict(string slug, string message) => new(RefusalKind.Conflict, slug, message);

    internal static FleetRefusedException NotFound(string message) => new(RefusalKind.NotFound, FleetRefusals.NotFound, message);

    internal static FleetRefusedException TooMany(string message) => new(RefusalKind.TooMany, FleetRefusals.TooMany, message);

    internal static void UnlessProvider([NotNull] string? key)
    {
        if (!ProviderKey.IsValid(key))
        {
            throw Invalid($"Expected a key id, {ProviderKey.Expected}, found {Quote(key)}.");
        }
    }

    /// <summary>What came from outside, short and printable.</summary>
    internal static string Quote(string? text)
    {
        if (text is null)
        {
            return "nothing";
        }

        string shown = text.Length > MaxQuotedLength ? $"{text[..MaxQuotedLength]}..." : text;
        return $"'{string.Concat(shown.Select(letter => letter is >= ' ' and <= '~' ? letter : '?'))}'";
    }

    /// <summary>Null or up to so many characters without control characters.</summary>
    internal static void UnlessText(string? text, int maxLength, string name)
    {
        if (text is not null && (text.Length > maxLength || text.Any(char.IsControl)))
        {
            throw Invalid($"{name}: expected at most {maxLength} characters without control characters, found {text.Length}: "
                + $"{Quote(text)}.");
        }
    }
}
