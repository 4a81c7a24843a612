using System.Globalization;
using System.Text;

namespace PhaseMesh.Serving.Toml;

/// <summary>The four string kinds: "basic", 'literal', """multi-line basic""" and '''multi-line literal'''.</summary>
public static class TomlStringReader
{
    public static string Read(TomlCursor cursor)
    {
        char quote = cursor.Current;
        return cursor.Peek(1) == quote && cursor.Peek(2) == quote ? ReadMultiLine(cursor) : ReadSingleLine(cursor);
    }

    public static string ReadSingleLine(TomlCursor cursor)
    {
        int start = cursor.Offset;
        char quote = cursor.Current;
        cursor.Advance();
        var value = new StringBuilder();
        while (!cursor.TryTake(quote))
        {
            if (cursor.AtEnd || cursor.AtNewline)
            {
                cursor.Fail(start, $"Expected the string to be closed with {quote} on its line, found {cursor.Found}.");
            }

            if (quote == '"' && cursor.Current == '\\')
            {
                ReadEscape(cursor, value);
            }
            else
            {
                TakeCharacter(cursor, value);
            }
        }

        return value.ToString();
    }

    private static string ReadMultiLine(TomlCursor cursor)
    {
        int start = cursor.Offset;
        char quote = cursor.Current;
        cursor.Advance(3);
        cursor.TryTakeNewline(); // A newline right after the opening quotes is not part of the string.
        var value = new StringBuilder();
        while (true)
        {
            if (cursor.AtEnd)
            {
                cursor.Fail(start, $"Expected the string to be closed with {new string(quote, 3)}, found the end of the file.");
            }

            if (cursor.Current == quote)
            {
                if (TryClose(cursor, quote, value))
                {
                    return value.ToString();
                }
            }
            else if (cursor.AtNewline)
            {
                value.Append(cursor.Current == '\r' ? "\r\n" : "\n");
                cursor.TryTakeNewline();
            }
            else if (quote == '"' && cursor.Current == '\\')
            {
                if (!TrySkipLineContinuation(cursor))
                {
                    ReadEscape(cursor, value);
                }
            }
            else
            {
                TakeCharacter(cursor, value);
            }
        }
    }

    /// <summary>
    /// Takes a run of quotes: fewer than three are content; of three to five the last three close, the others are content.
    /// </summary>
    private static bool TryClose(TomlCursor cursor, char quote, StringBuilder value)
    {
        int run = 0;
        while (run < 5 && cursor.TryTake(quote))
        {
            run++;
        }

        value.Append(quote, run < 3 ? run : run - 3);
        return run >= 3;
    }

    /// <summary>A backslash at a line's end swallows all white space up to the next character.</summary>
    private static bool TrySkipLineContinuation(TomlCursor cursor)
    {
        int distance = 1;
        while (cursor.Peek(distance) is ' ' or '\t')
        {
            distance++;
        }

        if (cursor.Peek(distance) != '\n' && !(cursor.Peek(distance) == '\r' && cursor.Peek(distance + 1) == '\n'))
        {
            return false;
        }

        cursor.Advance(distance);
        do
        {
            cursor.SkipBlanks();
        }
        while (cursor.TryTakeNewline());
        return true;
    }

    private static void ReadEscape(TomlCursor cursor, StringBuilder value)
    {
        int start = cursor.Offset;
        cursor.Advance();
        char kind = cursor.Current;
        if (kind is 'u' or 'U')
        {
            cursor.Advance();
            value.Append(ReadCodePoint(cursor, start, kind == 'u' ? 4 : 8).ToString());
            return;
        }

        char character = kind switch
        {
            'b' => '\b',
            't' => '\t',
            'n' => '\n',
            'f' => '\f',
            'r' => '\r',
            '"' => '"',
            '\\' => '\\',
            _ => '\0',
        };
        if (character == '\0')
        {
            cursor.Fail(start,
                $@"Expected one of \b \t \n \f \r \"" \\ \uXXXX \UXXXXXXXX, found a backslash and {cursor.Found}; 'text' has no escapes.");
        }

        cursor.Advance();
        value.Append(character);
    }

    private static Rune ReadCodePoint(TomlCursor cursor, int start, int digits)
    {
        int value = 0;
        for (int i = 0; i < digits; i++)
        {
            if (!char.IsAsciiHexDigit(cursor.Current))
            {
                cursor.Fail(start, $"Expected {digits} hex digits in the escape, found {cursor.Found} after {i}.");
            }

            value = (value << 4) | int.Parse([cursor.Current], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            cursor.Advance();
        }

        if (!Rune.IsValid(value))
        {
            cursor.Fail(start, $"Expected a Unicode scalar value (0 to D7FF or E000 to 10FFFF), found {(uint)value:X}.");
        }

        return new Rune(value);
    }

    private static void TakeCharacter(TomlCursor cursor, StringBuilder value)
    {
        if (TomlCursor.IsControl(cursor.Current))
        {
            cursor.Fail(cursor.Offset,
                $"Expected no control characters in a string, found {cursor.Found}; write it as an escape in a \"basic\" string.");
        }

        value.Append(cursor.Current);
        cursor.Advance();
    }
}
