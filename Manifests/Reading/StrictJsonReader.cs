using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using PhaseMesh.Manifests.Canonical;

namespace PhaseMesh.Manifests.Reading;

/// <summary>
/// Reads untrusted JSON into a tree and refuses what two readers could understand differently: duplicate names, byte order marks,
/// comments, trailing content, lone surrogates, integers a double can't hold. Everything is bounded by <see cref="ManifestLimits"/>.
/// </summary>
internal ref struct StrictJsonReader
{
    private readonly JsonPath _path;
    private Utf8JsonReader _reader;
    private int _values;

    private StrictJsonReader(ReadOnlySpan<byte> utf8)
    {
        // One deeper than allowed, so that the limit is reported by us, with the path.
        _reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = ManifestLimits.MaxDepth + 1 });
        _path = new JsonPath();
    }

    /// <exception cref="ManifestFormatException">The bytes aren't one JSON value within the limits.</exception>
    internal static JsonValue Read(ReadOnlySpan<byte> utf8)
    {
        CheckLength(utf8.Length);
        if (utf8.StartsWith("\uFEFF"u8))
        {
            throw new ManifestFormatException("", "UTF-8 without a byte order mark", "a byte order mark");
        }

        if (!Utf8.IsValid(utf8))
        {
            throw new ManifestFormatException("", "UTF-8", "bytes that are not UTF-8");
        }

        StrictJsonReader reader = new(utf8);
        return reader.ReadDocument();
    }

    internal static void CheckLength(int lengthBytes)
    {
        if (lengthBytes > BootManifest.MaxBytes)
        {
            throw new ManifestFormatException("", $"at most {BootManifest.MaxBytes} bytes", $"{lengthBytes} bytes");
        }
    }

    private JsonValue ReadDocument()
    {
        try
        {
            Advance();
            JsonValue value = ReadValue();
            if (_reader.Read()) // Throws on trailing content; this is for a reader that would hand it out.
            {
                throw Refuse("one JSON value", "a second one after it");
            }

            return value;
        }
        catch (JsonException malformed)
        {
            string where = string.Create(CultureInfo.InvariantCulture,
                $"line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}");
            throw Refuse("well-formed JSON (RFC 8259)", $"a mistake at {where}: {Excerpt.Of(FirstSentence(malformed.Message))}");
        }
    }

    private JsonValue ReadValue()
    {
        if (++_values > ManifestLimits.MaxValues)
        {
            throw Refuse($"at most {ManifestLimits.MaxValues} values in all", "more");
        }

        return _reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(),
            JsonTokenType.StartArray => ReadArray(),
            JsonTokenType.String => new JsonText(ReadString(ManifestLimits.MaxStringLength)),
            JsonTokenType.Number => ReadNumber(),
            JsonTokenType.True => JsonLiteral.True,
            JsonTokenType.False => JsonLiteral.False,
            JsonTokenType.Null => JsonLiteral.Null,
            _ => throw Refuse("a JSON value", _reader.TokenType.ToString()),
        };
    }

    private JsonObject ReadObject()
    {
        CheckDepth();
        JsonObject @object = new();
        for (Advance(); _reader.TokenType != JsonTokenType.EndObject; Advance())
        {
            if (@object.Members.Count == ManifestLimits.MaxMembersPerObject)
            {
                throw Refuse($"at most {ManifestLimits.MaxMembersPerObject} fields", "more");
            }

            string name = ReadString(ManifestLimits.MaxNameLength);
            _path.Enter(name);
            Advance();
            if (!@object.TryAdd(name, ReadValue()))
            {
                throw Refuse("each field once", "the field a second time");
            }

            _path.Leave();
        }

        return @object;
    }

    private JsonArray ReadArray()
    {
        CheckDepth();
        List<JsonValue> items = [];
        for (Advance(); _reader.TokenType != JsonTokenType.EndArray; Advance())
        {
            if (items.Count == ManifestLimits.MaxItemsPerArray)
            {
                throw Refuse($"at most {ManifestLimits.MaxItemsPerArray} items", "more");
            }

            _path.Enter(items.Count);
            items.Add(ReadValue());
            _path.Leave();
        }

        return new JsonArray(items);
    }

    private readonly string ReadString(int maxLength)
    {
        string text;
        try
        {
            text = _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Refuse("text", "half a surrogate pair (\\uD800 to \\uDFFF alone)");
        }

        return text.Length <= maxLength ? text : throw Refuse($"at most {maxLength} characters", $"{text.Length} characters");
    }

    private readonly JsonNumber ReadNumber()
    {
        ReadOnlySpan<byte> literal = _reader.ValueSpan;
        if (literal.Length > ManifestLimits.MaxNumberLength)
        {
            throw Refuse($"a number of at most {ManifestLimits.MaxNumberLength} characters", $"{literal.Length} characters");
        }

        if (!_reader.TryGetDouble(out double value) || !double.IsFinite(value))
        {
            throw Refuse("a number within IEEE 754 double range", Encoding.ASCII.GetString(literal));
        }

        // Between 2^53 and 10^21 the canonical form is a bare integer that other readers may round differently, so no spelling of one
        // is let in; the rule then holds for the canonical form as well. From 10^21 on the canonical form has an exponent.
        bool bareInteger = literal.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0 || Math.Abs(value) < 1e21;
        if (Math.Abs(value) > JsonNumber.MaxSafeInteger && bareInteger)
        {
            throw Refuse("an integer within +-(2^53 - 1) (I-JSON, RFC 7493 section 2.2)", Encoding.ASCII.GetString(literal));
        }

        return new JsonNumber(value);
    }

    private void Advance()
    {
        if (!_reader.Read())
        {
            throw Refuse("a JSON value", "the end of the document");
        }
    }

    private readonly void CheckDepth()
    {
        if (_reader.CurrentDepth >= ManifestLimits.MaxDepth)
        {
            throw Refuse($"at most {ManifestLimits.MaxDepth} levels of nesting", "more");
        }
    }

    private static string FirstSentence(string message)
    {
        int end = message.IndexOf(" LineNumber", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }

    private readonly ManifestFormatException Refuse(string expected, string actual) => new(_path.ToString(), expected, actual);
}
