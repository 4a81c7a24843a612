namespace PhaseMesh.Serving.Toml;

/// <summary>Where in a file: both count from 1; a column is a Unicode code point, as editors count them.</summary>
public readonly record struct TomlPosition(int Line, int Column)
{
    /// <summary>Finds the position of a UTF-16 offset. Linear, so it is asked only when there is something to report.</summary>
    public static TomlPosition Of(ReadOnlySpan<char> text, int offset)
    {
        ReadOnlySpan<char> before = text[..Math.Min(offset, text.Length)];
        int lineStart = before.LastIndexOf('\n') + 1;
        int column = 1;
        foreach (char unit in before[lineStart..])
        {
            column += char.IsLowSurrogate(unit) ? 0 : 1;
        }

        return new TomlPosition(before.Count('\n') + 1, column);
    }

    public override string ToString() => $"{Line}:{Column}";
}
