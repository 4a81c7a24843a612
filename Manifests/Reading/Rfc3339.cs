using System.Globalization;

namespace PhaseMesh.Manifests.Reading;

/// <summary>RFC 3339 timestamps in UTC, one spelling: <c>2026-11-21T10:00:00Z</c>, with up to seven digits of a second's fraction.</summary>
internal static class Rfc3339
{
    internal const string Expected = "an RFC 3339 time in UTC such as 2026-11-21T10:00:00Z";
    private const string WholeSeconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Fraction = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";
    private const int WholeSecondsLength = 20;
    private const int MaxFractionDigits = 7;

    internal static bool TryParse(string text, out DateTimeOffset time)
    {
        int fractionDigits = text.Length - WholeSecondsLength - 1;
        string format = fractionDigits < 0 ? WholeSeconds : Fraction;
        time = default;
        return fractionDigits is -1 or (> 0 and <= MaxFractionDigits)
            && DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>To whole seconds; a fraction is dropped.</summary>
    internal static string Format(DateTimeOffset time) => time.UtcDateTime.ToString(WholeSeconds, CultureInfo.InvariantCulture);
}
