using System.Buffers;
using System.Globalization;
using System.Text;

namespace PhaseMesh.Manifests.Canonical;

/// <summary>Strings and numbers as RFC 8785 section 3.2.2 spells them; both layouts, canonical and readable, use these.</summary>
internal static class JsonTokenWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        string.Concat(Enumerable.Range(0, 0x20).Select(code => (char)code)) + "\"\\");

    internal static void WriteAscii(IBufferWriter<byte> output, ReadOnlySpan<char> ascii)
    {
        int written = Encoding.ASCII.GetBytes(ascii, output.GetSpan(ascii.Length));
        output.Advance(written);
    }

    /// <exception cref="EncoderFallbackException">The text holds half a surrogate pair.</exception>
    internal static void WriteString(IBufferWriter<byte> output, string text)
    {
        WriteAscii(output, "\"");
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            int plain = rest.IndexOfAny(Escaped);
            if (plain < 0)
            {
                plain = rest.Length;
            }

            StrictUtf8.GetBytes(rest[..plain], output);
            rest = rest[plain..];
            if (!rest.IsEmpty)
            {
                WriteEscape(output, rest[0]);
                rest = rest[1..];
            }
        }

        WriteAscii(output, "\"");
    }

    internal static void WriteNumber(IBufferWriter<byte> output, double value)
    {
        Span<char> text = stackalloc char[EcmaScriptNumber.MaxLength];
        WriteAscii(output, text[..EcmaScriptNumber.Format(value, text)]);
    }

    private static void WriteEscape(IBufferWriter<byte> output, char character)
    {
        switch (character)
        {
            case '"': WriteAscii(output, "\\\""); break;
            case '\\': WriteAscii(output, "\\\\"); break;
            case '\b': WriteAscii(output, "\\b"); break;
            case '\t': WriteAscii(output, "\\t"); break;
            case '\n': WriteAscii(output, "\\n"); break;
            case '\f': WriteAscii(output, "\\f"); break;
            case '\r': WriteAscii(output, "\\r"); break;
            default: WriteAscii(output, string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}")); break;
        }
    }
}
