using System.Globalization;

namespace PhaseMesh.Silo.Commands.Neighbours;

/// <summary>A short time: <c>3s</c>, <c>0.5s</c>, <c>500ms</c>, or seconds without a unit.</summary>
internal static class BrowseTimeText
{
    public const string Rule = "a time such as 3s or 500ms, above 0 and up to 1 hour";
    private const int MaxSeconds = 3600;

    public static bool TryParse(string text, out TimeSpan time)
    {
        (string number, double unitSeconds) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 0.001)
            : text.EndsWith('s') ? (text[..^1], 1)
            : (text, 1);
        bool isValid = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            && count * unitSeconds is >= 0.001 and <= MaxSeconds;
        time = isValid ? TimeSpan.FromSeconds(count * unitSeconds) : default;
        return isValid;
    }
}
