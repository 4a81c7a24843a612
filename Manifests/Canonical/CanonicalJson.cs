using System.Buffers;

namespace PhaseMesh.Manifests.Canonical;

/// <summary>
/// The JSON Canonicalization Scheme, RFC 8785: no white space, members sorted by the UTF-16 code units of their names, numbers as
/// ECMAScript prints them, only the escapes JSON demands. This is what signatures are made over.
/// </summary>
public static class CanonicalJson
{
    /// <exception cref="System.Text.EncoderFallbackException">A string holds half a surrogate pair, which UTF-8 can't carry.</exception>
    public static byte[] Serialize(JsonValue value)
    {
        ArrayBufferWriter<byte> output = new(1024);
        Write(output, value);
        return output.WrittenSpan.ToArray();
    }

    internal static void Write(ArrayBufferWriter<byte> output, JsonValue value)
    {
        switch (value)
        {
            case JsonText text:
                JsonTokenWriter.WriteString(output, text.Value);
                break;
            case JsonNumber number:
                JsonTokenWriter.WriteNumber(output, number.Value);
                break;
            case JsonLiteral literal:
                JsonTokenWriter.WriteAscii(output, literal.Name);
                break;
            case JsonArray array:
                WriteArray(output, array);
                break;
            case JsonObject @object:
                WriteObject(output, @object);
                break;
            default:
                throw new ArgumentException($"{value.GetType().Name} is no JSON value.", nameof(value));
        }
    }

    private static void WriteArray(ArrayBufferWriter<byte> output, JsonArray array)
    {
        string separator = "[";
        foreach (JsonValue item in array.Items)
        {
            JsonTokenWriter.WriteAscii(output, separator);
            Write(output, item);
            separator = ",";
        }

        JsonTokenWriter.WriteAscii(output, array.Items.Count == 0 ? "[]" : "]");
    }

    private static void WriteObject(ArrayBufferWriter<byte> output, JsonObject @object)
    {
        string separator = "{";

        // RFC 8785 section 3.2.3: by UTF-16 code unit, which is what ordinal comparison of .NET strings does.
        foreach ((string name, JsonValue value) in @object.Members.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            JsonTokenWriter.WriteAscii(output, separator);
            JsonTokenWriter.WriteString(output, name);
            JsonTokenWriter.WriteAscii(output, ":");
            Write(output, value);
            separator = ",";
        }

        JsonTokenWriter.WriteAscii(output, @object.Members.Count == 0 ? "{}" : "}");
    }
}
