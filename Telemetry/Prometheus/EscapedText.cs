using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>Text from anywhere, made fit for a line of the formats.</summary>
internal static class EscapedText
{
    /// <summary>Characters of a label's value; a longer one is cut and ends with a part of its digest, so that two stay two.</summary>
    public const int MaxValueLength = 256;

    private const int DigestLetters = 16;

    // The formats escape three characters. Other control characters are allowed by their letter, but NUL ends a line for Prometheus's
    // scanner, and none does a reader good.
    private static readonly SearchValues<char> Special = SearchValues.Create(
        "\\\"\n" + new string([.. Enumerable.Range(0, 32).Append(127).Select(code => (char)code).Except(['\n'])]));

    public static string LabelValue(object? value)
    {
        string text = value switch
        {
            null => "",
            string given => given,
            bool given => given ? "true" : "false",
            IFormattable given => given.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        if (text.Length > MaxValueLength)
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..DigestLetters];
            text = $"{text.AsSpan(0, MaxValueLength - DigestLetters - 1)}~{digest}";
        }

        return Escape(text, escapesQuotes: true);
    }

    /// <summary>The text format leaves quotes in help as they are; OpenMetrics wants them escaped.</summary>
    public static string Help(string text, ExpositionFormat format) => Escape(text, format is ExpositionFormat.OpenMetrics);

    private static string Escape(string text, bool escapesQuotes)
    {
        if (!text.AsSpan().ContainsAny(Special))
        {
            return text;
        }

        StringBuilder escaped = new(text.Length + 8);
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '\\' => escaped.Append("\\\\"),
                '\n' => escaped.Append("\\n"),
                '"' when escapesQuotes => escaped.Append("\\\""),
                < ' ' or '\x7f' => escaped.Append(CultureInfo.InvariantCulture, $"\\\\x{(int)letter:x2}"),
                _ => escaped.Append(letter),
            };
        }

        return escaped.ToString();
    }
}
