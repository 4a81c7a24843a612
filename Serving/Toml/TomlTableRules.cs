namespace PhaseMesh.Serving.Toml;

/// <summary>Which tables a header or a dotted key may open, and which it would redefine.</summary>
public static class TomlTableRules
{
    /// <summary><c>[a.b.c]</c>: the table named, which no other header or dotted key has defined.</summary>
    public static TomlTable OpenHeader(TomlCursor cursor, TomlTable root, List<TomlKeyPart> key)
    {
        TomlTable parent = OpenParents(cursor, root, key);
        switch (parent.Find(key[^1].Text))
        {
            case null:
                var made = new TomlTable(key[0].Offset, TomlTableOrigin.Header);
                parent.Add(key[^1], made);
                return made;
            case TomlTable { Origin: TomlTableOrigin.Implicit } table:
                table.DefineBy(TomlTableOrigin.Header);
                return table;
            default:
                ThrowIfTaken(cursor, parent, key);
                return parent;
        }
    }

    /// <summary><c>[[a.b.c]]</c>: a new last element of the array named.</summary>
    public static TomlTable OpenArrayHeader(TomlCursor cursor, TomlTable root, List<TomlKeyPart> key)
    {
        TomlTable parent = OpenParents(cursor, root, key);
        if (parent.Find(key[^1].Text) is not TomlArray { IsArrayOfTables: true } array)
        {
            ThrowIfTaken(cursor, parent, key);
            array = new TomlArray(key[0].Offset, isArrayOfTables: true);
            parent.Add(key[^1], array);
        }

        var element = new TomlTable(key[0].Offset, TomlTableOrigin.Header);
        array.Add(element);
        return element;
    }

    /// <summary>
    /// <c>a.b.c = ...</c>: the table that gets <c>c</c>. A dotted key adds only to tables that no header or braces defined.
    /// </summary>
    public static TomlTable OpenDottedKey(TomlCursor cursor, TomlTable section, List<TomlKeyPart> key)
    {
        TomlTable table = section;
        for (int i = 0; i < key.Count - 1; i++)
        {
            switch (table.Find(key[i].Text))
            {
                case null:
                    var made = new TomlTable(key[i].Offset, TomlTableOrigin.DottedKey);
                    table.Add(key[i], made);
                    table = made;
                    break;
                case TomlTable { Origin: TomlTableOrigin.Implicit or TomlTableOrigin.DottedKey } next:
                    next.DefineBy(TomlTableOrigin.DottedKey);
                    table = next;
                    break;
                default:
                    ThrowIfTaken(cursor, table, key[..(i + 1)]);
                    break;
            }
        }

        return table;
    }

    /// <exception cref="TomlException">The table has the key already.</exception>
    public static void ThrowIfTaken(TomlCursor cursor, TomlTable table, List<TomlKeyPart> key)
    {
        if (table.FindEntry(key[^1].Text) is { } taken)
        {
            TomlPosition first = TomlPosition.Of(cursor.Text, taken.KeyOffset);
            cursor.Fail(key[^1].Offset,
                $"Expected each key and table once, found {TomlKeyReader.Display(key)} again; it is {taken.Value.TypeName} since {first}.");
        }
    }

    /// <summary>Every part but the last: tables made on the way are implicit, an array of tables stands for its last element.</summary>
    private static TomlTable OpenParents(TomlCursor cursor, TomlTable root, List<TomlKeyPart> key)
    {
        TomlTable table = root;
        for (int i = 0; i < key.Count - 1; i++)
        {
            switch (table.Find(key[i].Text))
            {
                case null:
                    var made = new TomlTable(key[i].Offset, TomlTableOrigin.Implicit);
                    table.Add(key[i], made);
                    table = made;
                    break;
                case TomlTable { Origin: not TomlTableOrigin.Inline } next:
                    table = next;
                    break;
                case TomlArray { IsArrayOfTables: true } array:
                    table = (TomlTable)array.Items[^1];
                    break;
                default:
                    ThrowIfTaken(cursor, table, key[..(i + 1)]);
                    break;
            }
        }

        return table;
    }
}
