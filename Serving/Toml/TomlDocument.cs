using System.Text;

namespace PhaseMesh.Serving.Toml;

/// <summary>
/// A TOML 1.0 document (https://toml.io/en/v1.0.0), read strictly:
/// <c>toml = expression *( newline expression )</c>, <c>expression = [ keyval / "[" key "]" / "[[" key "]]" ] [ comment ]</c>.
/// </summary>
public sealed class TomlDocument
{
    private readonly string _text;

    private TomlDocument(string text, TomlTable root) => (_text, Root) = (text, root);

    public TomlTable Root { get; }

    public TomlPosition PositionOf(int offset) => TomlPosition.Of(_text, offset);

    /// <param name="utf8">At most <see cref="TomlLimits.MaxFileBytes"/>; a byte order mark at its start is skipped.</param>
    /// <exception cref="TomlException">Not UTF-8, not TOML 1.0, or past a limit.</exception>
    public static TomlDocument Parse(ReadOnlySpan<byte> utf8)
    {
        string text = Decode(utf8);
        return new TomlDocument(text, ReadExpressions(new TomlCursor(text)));
    }

    private static TomlTable ReadExpressions(TomlCursor cursor)
    {
        var root = new TomlTable(0, TomlTableOrigin.Header);
        TomlTable section = root;
        while (!cursor.AtEnd)
        {
            cursor.SkipBlanks();
            if (cursor.Current == '[')
            {
                section = ReadHeader(cursor, root);
                cursor.ExpectLineEnd("the table header");
            }
            else if (cursor.Current == '#' || cursor.AtNewline || cursor.AtEnd)
            {
                cursor.ExpectLineEnd("the blanks");
            }
            else
            {
                TomlValueReader.ReadPair(cursor, section, depth: 1);
                cursor.ExpectLineEnd("the value");
            }
        }

        return root;
    }

    private static TomlTable ReadHeader(TomlCursor cursor, TomlTable root)
    {
        bool isArray = cursor.TryTake("[[");
        if (!isArray)
        {
            cursor.Advance();
        }

        cursor.SkipBlanks();
        List<TomlKeyPart> key = TomlKeyReader.Read(cursor);
        string close = isArray ? "]]" : "]";
        if (!cursor.TryTake(close))
        {
            cursor.Fail(cursor.Offset, $"Expected '{close}' after the table name {TomlKeyReader.Display(key)}, found {cursor.Found}.");
        }

        return isArray ? TomlTableRules.OpenArrayHeader(cursor, root, key) : TomlTableRules.OpenHeader(cursor, root, key);
    }

    private static string Decode(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > TomlLimits.MaxFileBytes)
        {
            throw new TomlException(new TomlPosition(1, 1),
                $"Expected a file of at most {TomlLimits.MaxFileBytes} bytes, found {utf8.Length}.");
        }

        ReadOnlySpan<byte> content = utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        int valid = System.Text.Unicode.Utf8.IsValid(content) ? content.Length : ValidPrefixLength(content);
        string text = Encoding.UTF8.GetString(content[..valid]);
        return valid == content.Length
            ? text
            : throw new TomlException(TomlPosition.Of(text, text.Length),
                $"Expected UTF-8, found the byte 0x{content[valid]:X2}; save the file as UTF-8.");
    }

    private static int ValidPrefixLength(ReadOnlySpan<byte> utf8)
    {
        int length = 0;
        while (Rune.DecodeFromUtf8(utf8[length..], out _, out int consumed) == System.Buffers.OperationStatus.Done)
        {
            length += consumed;
        }

        return length;
    }
}
