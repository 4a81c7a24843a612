using System.Buffers;

namespace PhaseMesh.Manifests.Canonical;

/// <summary>The layout manifests are stored and served in: members in the order given, indented by two, one item a line.</summary>
internal static class ReadableJson
{
    private const int IndentWidth = 2;

    internal static byte[] Serialize(JsonValue value)
    {
        ArrayBufferWriter<byte> output = new(1024);
        Write(output, value, depth: 0);
        JsonTokenWriter.WriteAscii(output, "\n");
        return output.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> output, JsonValue value, int depth)
    {
        switch (value)
        {
            case JsonObject { Members.Count: > 0 } @object:
                string separator = "{";
                foreach ((string name, JsonValue member) in @object.Members)
                {
                    JsonTokenWriter.WriteAscii(output, separator);
                    StartLine(output, depth + 1);
                    JsonTokenWriter.WriteString(output, name);
                    JsonTokenWriter.WriteAscii(output, ": ");
                    Write(output, member, depth + 1);
                    separator = ",";
                }

                StartLine(output, depth);
                JsonTokenWriter.WriteAscii(output, "}");
                break;
            case JsonArray { Items.Count: > 0 } array:
                string itemSeparator = "[";
                foreach (JsonValue item in array.Items)
                {
                    JsonTokenWriter.WriteAscii(output, itemSeparator);
                    StartLine(output, depth + 1);
                    Write(output, item, depth + 1);
                    itemSeparator = ",";
                }

                StartLine(output, depth);
                JsonTokenWriter.WriteAscii(output, "]");
                break;
            default:
                CanonicalJson.Write(output, value); // Scalars and empty containers look the same in both layouts.
                break;
        }
    }

    private static void StartLine(ArrayBufferWriter<byte> output, int depth)
    {
        Span<char> line = stackalloc char[1 + (depth * IndentWidth)];
        line.Fill(' ');
        line[0] = '\n';
        JsonTokenWriter.WriteAscii(output, line);
    }
}
