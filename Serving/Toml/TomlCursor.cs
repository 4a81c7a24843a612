using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Serving.Toml;

/// <summary>A place in the text, and the way every error gets its position.</summary>
public sealed class TomlCursor(string text)
{
    private const char End = '\0';

    public string Text { get; } = text;

    public int Offset { get; private set; }

    public bool AtEnd => Offset >= Text.Length;

    /// <summary>The current character; NUL at the end, which is safe to compare with since NUL is valid nowhere in TOML.</summary>
    public char Current => AtEnd ? End : Text[Offset];

    public char Peek(int distance) => Offset + distance < Text.Length ? Text[Offset + distance] : End;

    public bool AtNewline => Current == '\n' || (Current == '\r' && Peek(1) == '\n');

    public void Advance(int count = 1) => Offset += count;

    public bool TryTake(char expected)
    {
        if (AtEnd || Current != expected)
        {
            return false;
        }

        Advance();
        return true;
    }

    public bool TryTake(string expected)
    {
        if (!Text.AsSpan(Math.Min(Offset, Text.Length)).StartsWith(expected, StringComparison.Ordinal))
        {
            return false;
        }

        Advance(expected.Length);
        return true;
    }

    public bool TryTakeNewline() => TryTake('\n') || TryTake("\r\n");

    public void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            Advance();
        }
    }

    /// <summary>Skips a comment up to, not including, its line end.</summary>
    public void SkipComment()
    {
        if (Current != '#')
        {
            return;
        }

        while (!AtEnd && !AtNewline)
        {
            if (IsControl(Current))
            {
                Fail(Offset, $"Expected no control characters in a comment, found {Found}.");
            }

            Advance();
        }
    }

    /// <summary>Skips what may stand between the values of an array.</summary>
    public void SkipBlanksCommentsAndNewlines()
    {
        do
        {
            SkipBlanks();
            SkipComment();
        }
        while (TryTakeNewline());
    }

    /// <summary>Ends a line: blanks, a comment, then the line's or the file's end.</summary>
    public void ExpectLineEnd(string after)
    {
        SkipBlanks();
        SkipComment();
        if (!AtEnd && !TryTakeNewline())
        {
            Fail(Offset, $"Expected the end of the line after {after}, found {Found}.");
        }
    }

    /// <summary>The current character as an error names it.</summary>
    public string Found => AtEnd ? "the end of the file"
        : AtNewline ? "the end of the line"
        : IsControl(Current) || Current == '\t' ? $"U+{(int)Current:X4}"
        : char.IsSurrogatePair(Current, Peek(1)) ? $"'{Text.AsSpan(Offset, 2)}'"
        : $"'{Current}'";

    /// <summary>
    /// Whether TOML bars the character from strings and comments; a tab is allowed there, a line end is for the caller to judge.
    /// </summary>
    public static bool IsControl(char character) => character is < ' ' and not '\t' or '\x7f';

    [DoesNotReturn]
    public void Fail(int offset, string problem) => throw new TomlException(TomlPosition.Of(Text, offset), problem);
}
