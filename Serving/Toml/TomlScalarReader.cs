using System.Buffers;
using System.Globalization;

namespace PhaseMesh.Serving.Toml;

/// <summary>
/// Values without quotes or brackets: booleans, integers, floats, dates and times. Reads to the next delimiter, then classifies.
/// </summary>
public static class TomlScalarReader
{
    private static readonly SearchValues<char> Delimiters = SearchValues.Create(" \t\r\n,]}#");

    public static TomlScalar Read(TomlCursor cursor)
    {
        int start = cursor.Offset;
        ReadOnlySpan<char> token = TakeToken(cursor);
        if (token.IsEmpty)
        {
            cursor.Fail(start, $"Expected a value, found {cursor.Found}.");
        }

        if (TomlDateTimeReader.LooksLikeOne(token))
        {
            return TomlDateTimeReader.Read(cursor, start, token);
        }

        return token switch
        {
            "true" => new TomlBoolean(start, true),
            "false" => new TomlBoolean(start, false),
            "inf" or "+inf" => new TomlFloat(start, double.PositiveInfinity),
            "-inf" => new TomlFloat(start, double.NegativeInfinity),
            "nan" or "+nan" or "-nan" => new TomlFloat(start, double.NaN),
            ['0', 'x' or 'o' or 'b', ..] => new TomlInteger(start, ReadBased(cursor, start, token)),
            ['+' or '-' or (>= '0' and <= '9'), ..] => ReadNumber(cursor, start, token),
            _ => throw NotAValue(cursor, start, token),
        };
    }

    private static ReadOnlySpan<char> TakeToken(TomlCursor cursor)
    {
        ReadOnlySpan<char> rest = cursor.Text.AsSpan(Math.Min(cursor.Offset, cursor.Text.Length));
        int length = rest.IndexOfAny(Delimiters);
        length = length < 0 ? rest.Length : length;

        // A date may be followed by one space and a time: the only value with a space in it.
        if (TomlDateTimeReader.IsDate(rest[..length])
            && rest.Length > length + 1
            && rest[length] == ' '
            && char.IsAsciiDigit(rest[length + 1]))
        {
            int time = rest[(length + 1)..].IndexOfAny(Delimiters);
            length = time < 0 ? rest.Length : length + 1 + time;
        }

        cursor.Advance(length);
        return rest[..length];
    }

    private static TomlException NotAValue(TomlCursor cursor, int start, ReadOnlySpan<char> token) =>
        new(TomlPosition.Of(cursor.Text, start), $"Expected a value, found {Shorten(token)}; text goes in quotes.");

    private static TomlScalar ReadNumber(TomlCursor cursor, int start, ReadOnlySpan<char> token)
    {
        ReadOnlySpan<char> rest = token[0] is '+' or '-' ? token[1..] : token;
        int integerLength = DigitsLength(rest);
        bool leadingZero = integerLength > 1 && rest[0] == '0';
        if (integerLength == 0 || leadingZero)
        {
            FailNumber(cursor, start, token, leadingZero ? "no leading zero" : "a digit");
        }

        rest = rest[integerLength..];
        bool isFloat = rest is ['.' or 'e' or 'E', ..];
        if (rest is ['.', ..])
        {
            int fraction = DigitsLength(rest[1..]);
            if (fraction == 0)
            {
                FailNumber(cursor, start, token, "a digit after the point");
            }

            rest = rest[(1 + fraction)..];
        }

        if (rest is ['e' or 'E', ..])
        {
            int sign = rest.Length > 1 && rest[1] is '+' or '-' ? 1 : 0;
            int exponent = DigitsLength(rest[(1 + sign)..]);
            if (exponent == 0)
            {
                FailNumber(cursor, start, token, "a digit in the exponent");
            }

            rest = rest[(1 + sign + exponent)..];
        }

        if (!rest.IsEmpty)
        {
            FailNumber(cursor, start, token, "digits, with '_' only between digits");
        }

        string plain = token.ToString().Replace("_", "", StringComparison.Ordinal);
        if (isFloat)
        {
            return new TomlFloat(start, double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture));
        }

        if (!long.TryParse(plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            FailNumber(cursor, start, token, "an integer of 64 bits");
        }

        return new TomlInteger(start, value);
    }

    /// <summary>The length of <c>DIGIT *( ["_"] DIGIT )</c> at the start; 0 when there is none.</summary>
    private static int DigitsLength(ReadOnlySpan<char> text)
    {
        int length = 0;
        while (length < text.Length)
        {
            if (char.IsAsciiDigit(text[length]))
            {
                length++;
            }
            else if (text[length] == '_' && length > 0 && length + 1 < text.Length && char.IsAsciiDigit(text[length + 1]))
            {
                length += 2;
            }
            else
            {
                break;
            }
        }

        return length;
    }

    private static long ReadBased(TomlCursor cursor, int start, ReadOnlySpan<char> token)
    {
        int bits = token[1] switch { 'x' => 4, 'o' => 3, _ => 1 };
        ulong value = 0;
        bool afterDigit = false;
        foreach (char character in token[2..])
        {
            int digit = character == '_' ? -1 : char.IsAsciiHexDigit(character) ? Convert.ToInt32(character.ToString(), 16) : int.MaxValue;
            if (digit >= 1 << bits || (digit < 0 && !afterDigit))
            {
                FailNumber(cursor, start, token, $"digits of base {1 << bits}, with '_' only between digits");
            }

            afterDigit = digit >= 0;
            if (afterDigit)
            {
                if (value >> (63 - bits) != 0)
                {
                    FailNumber(cursor, start, token, "an integer of 64 bits");
                }

                value = (value << bits) | (uint)digit;
            }
        }

        if (!afterDigit)
        {
            FailNumber(cursor, start, token, $"a digit of base {1 << bits} at the end");
        }

        return (long)value;
    }

    private static void FailNumber(TomlCursor cursor, int start, ReadOnlySpan<char> token, string expected) =>
        cursor.Fail(start, $"Expected {expected} in the number, found {Shorten(token)}.");

    /// <summary>A token as an error shows it.</summary>
    public static string Shorten(ReadOnlySpan<char> token) => token.Length <= 40 ? $"'{token}'" : $"'{token[..40]}...'";
}
