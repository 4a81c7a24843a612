using System.Globalization;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary><c>--expires</c>: a time from now (<c>90m</c>, <c>12h</c>, <c>30d</c>, <c>2w</c>) or an RFC 3339 date-time.</summary>
internal static class ExpiryText
{
    public const string Rule =
        "a time from now such as 90m, 12h, 30d or 2w, or an RFC 3339 date-time such as 2027-01-31T12:00:00Z, in the future";
    private const int MaxDigits = 6;
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset expires)
    {
        expires = default;
        if (text.Length is > 1 and <= MaxDigits + 1
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            TimeSpan unit = text[^1] switch
            {
                's' => TimeSpan.FromSeconds(1),
                'm' => TimeSpan.FromMinutes(1),
                'h' => TimeSpan.FromHours(1),
                'd' => TimeSpan.FromDays(1),
                'w' => TimeSpan.FromDays(7),
                _ => TimeSpan.Zero,
            };
            if (count == 0 || unit == TimeSpan.Zero || unit * count > DateTimeOffset.MaxValue - now)
            {
                return false;
            }

            expires = now + (unit * count);
            return true;
        }

        // A time without an offset would mean another moment on another machine.
        return text.Length > 10 && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > 10)
            && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out expires)
            && expires > now;
    }
}
