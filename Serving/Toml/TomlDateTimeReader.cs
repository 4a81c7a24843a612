namespace PhaseMesh.Serving.Toml;

/// <summary>
/// RFC 3339: <c>YYYY-MM-DD</c>, <c>HH:MM:SS[.fraction]</c>, both joined by <c>T</c>, <c>t</c> or a space, and then an optional
/// <c>Z</c> or <c>+HH:MM</c>. Year 0000 and second 60 are refused: .NET's calendar has neither.
/// </summary>
public static class TomlDateTimeReader
{
    private const int DateLength = 10;
    private const int TimeLength = 8;

    public static bool IsDate(ReadOnlySpan<char> token) => Matches(token, "0000-00-00");

    /// <summary>Four digits and a dash, or two and a colon: nothing else in TOML starts so.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<char> token) =>
        (token.Length >= 5 && Matches(token[..5], "0000-")) || (token.Length >= 3 && Matches(token[..3], "00:"));

    public static TomlDateTime Read(TomlCursor cursor, int start, ReadOnlySpan<char> token)
    {
        ReadOnlySpan<char> rest = token;
        DateTime clock = default;
        bool hasDate = token[2] != ':';
        if (hasDate)
        {
            if (!TryTakeDate(ref rest, out clock))
            {
                Fail(cursor, start, token, "a date YYYY-MM-DD that the calendar has");
            }

            if (rest.IsEmpty)
            {
                return new TomlDateTime(start, TomlDateTimeKind.LocalDate, clock, 0);
            }

            if (rest[0] is not ('T' or 't' or ' '))
            {
                Fail(cursor, start, token, "'T' or a space between date and time");
            }

            rest = rest[1..];
        }

        if (!TryTakeTime(ref rest, out TimeSpan time))
        {
            Fail(cursor, start, token, "a time HH:MM:SS, with a fraction or not, from 00:00:00 to 23:59:59");
        }

        clock += time;
        if (rest.IsEmpty)
        {
            return new TomlDateTime(start, hasDate ? TomlDateTimeKind.LocalDateTime : TomlDateTimeKind.LocalTime, clock, 0);
        }

        if (!hasDate || !TryReadOffset(rest, out int offsetMinutes))
        {
            Fail(cursor, start, token, hasDate ? "Z or an offset +HH:MM after the time" : "nothing after a local time");
            return default!;
        }

        return new TomlDateTime(start, TomlDateTimeKind.OffsetDateTime, clock, offsetMinutes);
    }

    private static bool TryTakeDate(ref ReadOnlySpan<char> rest, out DateTime date)
    {
        date = default;
        if (rest.Length < DateLength || !IsDate(rest[..DateLength]))
        {
            return false;
        }

        (int year, int month, int day) = (Number(rest[..4]), Number(rest[5..7]), Number(rest[8..10]));
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        date = new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Unspecified);
        rest = rest[DateLength..];
        return true;
    }

    private static bool TryTakeTime(ref ReadOnlySpan<char> rest, out TimeSpan time)
    {
        time = default;
        if (rest.Length < TimeLength || !Matches(rest[..TimeLength], "00:00:00"))
        {
            return false;
        }

        (int hour, int minute, int second) = (Number(rest[..2]), Number(rest[3..5]), Number(rest[6..8]));
        rest = rest[TimeLength..];
        if (hour > 23 || minute > 59 || second > 59 || !TryTakeFraction(ref rest, out long ticks))
        {
            return false;
        }

        time = new TimeSpan(hour, minute, second) + new TimeSpan(ticks);
        return true;
    }

    private static bool TryTakeFraction(ref ReadOnlySpan<char> rest, out long ticks)
    {
        ticks = 0;
        if (rest is not ['.', ..])
        {
            return true;
        }

        int digits = 0;
        long unit = TimeSpan.TicksPerSecond;
        while (1 + digits < rest.Length && char.IsAsciiDigit(rest[1 + digits]))
        {
            unit /= 10; // Reaches 0 after seven digits: what is finer than a tick is cut off.
            ticks += unit * (rest[1 + digits] - '0');
            digits++;
        }

        rest = rest[(1 + digits)..];
        return digits > 0;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> text, out int minutes)
    {
        minutes = 0;
        if (text is "Z" or "z")
        {
            return true;
        }

        if (text is not ['+' or '-', ..] || !Matches(text[1..], "00:00") || Number(text[1..3]) > 23 || Number(text[4..6]) > 59)
        {
            return false;
        }

        minutes = ((Number(text[1..3]) * 60) + Number(text[4..6])) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    /// <summary>Whether the text has a digit where the pattern has 0, and the pattern's character elsewhere.</summary>
    private static bool Matches(ReadOnlySpan<char> text, string pattern)
    {
        if (text.Length != pattern.Length)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (pattern[i] == '0' ? !char.IsAsciiDigit(text[i]) : text[i] != pattern[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int Number(ReadOnlySpan<char> digits)
    {
        int value = 0;
        foreach (char digit in digits)
        {
            value = (value * 10) + (digit - '0');
        }

        return value;
    }

    private static void Fail(TomlCursor cursor, int start, ReadOnlySpan<char> token, string expected) =>
        cursor.Fail(start, $"Expected {expected}, found {TomlScalarReader.Shorten(token)}.");
}
