using System.Text;
using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Fuzz.Tests.Targets;

/// <summary>Writes what was read in one plain way: every table inline, every string escaped.</summary>
internal static class TomlText
{
    public static string Of(TomlTable root)
    {
        StringBuilder text = new();
        foreach (TomlEntry entry in root.Entries)
        {
            WritePair(text, entry);
            text.Append('\n');
        }
        return text.ToString();
    }

    private static void WritePair(StringBuilder text, TomlEntry entry)
    {
        WriteString(text, entry.Key);
        text.Append(" = ");
        Write(text, entry.Value);
    }

    private static void Write(StringBuilder text, TomlValue value)
    {
        switch (value)
        {
            case TomlTable table:
                text.Append('{');
                foreach ((int index, TomlEntry entry) in table.Entries.Index())
                {
                    text.Append(index > 0 ? ", " : "");
                    WritePair(text, entry);
                }
                text.Append('}');
                break;
            case TomlArray array:
                text.Append('[');
                foreach (TomlValue item in array.Items)
                {
                    Write(text, item);
                    text.Append(", ");
                }
                text.Append(']');
                break;
            case TomlString one:
                WriteString(text, one.Value);
                break;
            case TomlFloat number when double.IsFinite(number.Value):
                // A float needs a point or an exponent, or it comes back as an integer.
                string digits = number.ToString();
                text.Append(digits).Append(digits.AsSpan().IndexOfAny(".E") < 0 ? ".0" : "");
                break;
            default:
                text.Append(value);
                break;
        }
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (Rune rune in value.EnumerateRunes())
        {
            text.Append($"\\U{rune.Value:X8}");
        }
        text.Append('"');
    }
}
