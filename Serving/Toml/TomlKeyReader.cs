using System.Buffers;

namespace PhaseMesh.Serving.Toml;

/// <summary><c>key = simple-key *( ws "." ws simple-key )</c>, a simple key being bare, "basic" or 'literal'.</summary>
public static class TomlKeyReader
{
    private static readonly SearchValues<char> BareKey =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static List<TomlKeyPart> Read(TomlCursor cursor)
    {
        int start = cursor.Offset;
        List<TomlKeyPart> parts = [ReadSimple(cursor)];
        while (true)
        {
            cursor.SkipBlanks();
            if (!cursor.TryTake('.'))
            {
                return parts;
            }

            if (parts.Count == TomlLimits.MaxDepth)
            {
                cursor.Fail(start, $"Expected at most {TomlLimits.MaxDepth} parts in a dotted key, found more.");
            }

            cursor.SkipBlanks();
            parts.Add(ReadSimple(cursor));
        }
    }

    /// <summary>The key as an error shows it.</summary>
    public static string Display(IEnumerable<TomlKeyPart> parts) => string.Join('.', parts.Select(part => Display(part.Text)));

    /// <summary>Quotes a part that could not be written bare.</summary>
    public static string Display(string part) =>
        part.Length > 0 && !part.AsSpan().ContainsAnyExcept(BareKey) ? part : $"\"{part}\"";

    private static TomlKeyPart ReadSimple(TomlCursor cursor)
    {
        int start = cursor.Offset;
        if (cursor.Current is '"' or '\'')
        {
            if (cursor.Peek(1) == cursor.Current && cursor.Peek(2) == cursor.Current)
            {
                cursor.Fail(start, "Expected a key on one line, found a multi-line string.");
            }

            return new TomlKeyPart(TomlStringReader.ReadSingleLine(cursor), start);
        }

        ReadOnlySpan<char> rest = cursor.Text.AsSpan(start);
        int length = rest.IndexOfAnyExcept(BareKey);
        length = length < 0 ? rest.Length : length;
        if (length == 0)
        {
            cursor.Fail(start, $"Expected a key (A-Z, a-z, 0-9, '_', '-', or quoted), found {cursor.Found}.");
        }

        cursor.Advance(length);
        return new TomlKeyPart(rest[..length].ToString(), start);
    }
}
