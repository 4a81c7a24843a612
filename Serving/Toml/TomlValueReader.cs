namespace PhaseMesh.Serving.Toml;

/// <summary>A value: string, array, inline table, or a scalar without quotes.</summary>
public static class TomlValueReader
{
    public static TomlValue Read(TomlCursor cursor, int depth)
    {
        if (depth > TomlLimits.MaxDepth)
        {
            cursor.Fail(cursor.Offset, $"Expected arrays and inline tables at most {TomlLimits.MaxDepth} deep, found more.");
        }

        int start = cursor.Offset;
        return cursor.Current switch
        {
            '"' or '\'' => new TomlString(start, TomlStringReader.Read(cursor)),
            '[' => ReadArray(cursor, depth),
            '{' => ReadInlineTable(cursor, depth),
            _ => TomlScalarReader.Read(cursor),
        };
    }

    private static TomlArray ReadArray(TomlCursor cursor, int depth)
    {
        int start = cursor.Offset;
        var array = new TomlArray(start, isArrayOfTables: false);
        cursor.Advance();
        while (true)
        {
            cursor.SkipBlanksCommentsAndNewlines();
            if (cursor.TryTake(']'))
            {
                return array;
            }

            ThrowIfUnclosed(cursor, start, "array", ']');
            array.Add(Read(cursor, depth + 1));
            cursor.SkipBlanksCommentsAndNewlines();
            if (cursor.TryTake(']'))
            {
                return array;
            }

            ThrowIfUnclosed(cursor, start, "array", ']');
            ExpectComma(cursor, ']');
        }
    }

    /// <summary>An inline table stays on one line and has no comma after its last pair.</summary>
    private static TomlTable ReadInlineTable(TomlCursor cursor, int depth)
    {
        int start = cursor.Offset;
        var table = new TomlTable(start, TomlTableOrigin.DottedKey);
        cursor.Advance();
        cursor.SkipBlanks();
        if (!cursor.TryTake('}'))
        {
            while (true)
            {
                ThrowIfUnclosed(cursor, start, "inline table", '}');
                ReadPair(cursor, table, depth + 1);
                cursor.SkipBlanks();
                if (cursor.TryTake('}'))
                {
                    break;
                }

                ThrowIfUnclosed(cursor, start, "inline table", '}');
                ExpectComma(cursor, '}');
                cursor.SkipBlanks();
            }
        }

        table.Close();
        return table;
    }

    /// <summary><c>key = value</c>, into the table that a dotted key leads to.</summary>
    public static void ReadPair(TomlCursor cursor, TomlTable section, int depth)
    {
        List<TomlKeyPart> key = TomlKeyReader.Read(cursor);
        if (!cursor.TryTake('='))
        {
            cursor.Fail(cursor.Offset, $"Expected '=' after the key {TomlKeyReader.Display(key)}, found {cursor.Found}.");
        }

        cursor.SkipBlanks();
        TomlTable table = TomlTableRules.OpenDottedKey(cursor, section, key);
        TomlTableRules.ThrowIfTaken(cursor, table, key);
        table.Add(key[^1], Read(cursor, depth));
    }

    private static void ExpectComma(TomlCursor cursor, char close)
    {
        if (!cursor.TryTake(','))
        {
            cursor.Fail(cursor.Offset, $"Expected ',' or '{close}' after the value, found {cursor.Found}.");
        }
    }

    private static void ThrowIfUnclosed(TomlCursor cursor, int start, string what, char close)
    {
        if (cursor.AtEnd || (close == '}' && cursor.AtNewline))
        {
            cursor.Fail(start,
                $"Expected the {what} to be closed with '{close}'{(close == '}' ? " on its line" : "")}, found {cursor.Found}.");
        }
    }
}
