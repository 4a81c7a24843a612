using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace PhaseMesh.Mdns.Messages;

/// <summary>
/// The key/value pairs of a DNS-SD TXT record (RFC 6763 section 6). Keys are printable ASCII without '=', compared without case;
/// the first of a repeated key counts. A key without '=' has a null value.
/// </summary>
public sealed class ServiceText : IEquatable<ServiceText>
{
    /// <summary>What this library will publish: RFC 6763 section 6.2 asks for 1,300 bytes so that a record fits one frame.</summary>
    public const int MaxPublishedBytes = 1300;

    public const int MaxPairBytes = 255;

    /// <summary>Pairs read from a foreign record; later ones are not looked at.</summary>
    public const int MaxPairs = 128;

    public static readonly ServiceText Empty = new([0]);

    private readonly Dictionary<string, string?> _pairs;

    private ServiceText(byte[] encoded)
    {
        Encoded = encoded;
        _pairs = Decode(encoded);
    }

    /// <summary>RDATA as on the wire; one zero byte when there is no pair.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>Values that are not UTF-8 have U+FFFD in place of what cannot be read; <see cref="Encoded"/> has the bytes.</summary>
    public IReadOnlyDictionary<string, string?> Pairs => _pairs;

    /// <summary>The value; null when the key is absent or has none.</summary>
    public string? this[string key] => _pairs.GetValueOrDefault(key);

    /// <exception cref="FormatException">A key or pair breaks the rules, or the whole exceeds <see cref="MaxPublishedBytes"/>.</exception>
    public static ServiceText Create(params IEnumerable<KeyValuePair<string, string?>> pairs) =>
        TryCreate(pairs, out ServiceText? text, out string? problem) ? text : throw new FormatException(problem);

    public static bool TryCreate(
        IEnumerable<KeyValuePair<string, string?>> pairs,
        [NotNullWhen(true)] out ServiceText? text,
        [NotNullWhen(false)] out string? problem)
    {
        text = null;
        var encoded = new List<byte>();
        var keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string key, string? value) in pairs)
        {
            byte[] pair = Encoding.UTF8.GetBytes(value is null ? key : $"{key}={value}");
            problem =
                !IsKey(key) ? $"TXT key '{key}' is refused: expected printable ASCII without '='."
                : !keys.Add(key) ? $"TXT key '{key}' is given twice: expected each key once."
                : pair.Length > MaxPairBytes ? $"TXT pair '{key}' has {pair.Length} bytes: expected at most {MaxPairBytes} with its key."
                : encoded.Count + pair.Length + 1 > MaxPublishedBytes ? $"TXT pair '{key}' passes the {MaxPublishedBytes} bytes a record may have: shorten the values."
                : null;
            if (problem is not null)
            {
                return false;
            }

            encoded.Add((byte)pair.Length);
            encoded.AddRange(pair);
        }

        problem = null;
        text = encoded.Count == 0 ? Empty : new ServiceText([.. encoded]);
        return true;
    }

    public bool Equals([NotNullWhen(true)] ServiceText? other) => other is not null && Encoded.Span.SequenceEqual(other.Encoded.Span);

    public override bool Equals(object? obj) => Equals(obj as ServiceText);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Encoded.Span);
        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(' ', _pairs.Select(pair => pair.Value is null ? pair.Key : $"{pair.Key}={pair.Value}"));

    /// <summary>Reads RDATA; false when a string runs past its end. No bytes at all mean the same as one empty string (section 6.1).</summary>
    internal static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out ServiceText? text)
    {
        text = null;
        for (int position = 0; position < data.Length; position += data[position] + 1)
        {
            if (position + 1 + data[position] > data.Length)
            {
                return false;
            }
        }

        text = data.Length == 0 ? Empty : new ServiceText(data.ToArray());
        return true;
    }

    private static bool IsKey(string key) => key.Length > 0 && key.All(c => c is >= ' ' and <= '~' and not '=');

    private static Dictionary<string, string?> Decode(ReadOnlySpan<byte> data)
    {
        var pairs = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        while (!data.IsEmpty && pairs.Count < MaxPairs)
        {
            ReadOnlySpan<byte> pair = data.Slice(1, data[0]);
            data = data[(1 + pair.Length)..];
            int equals = pair.IndexOf((byte)'=');
            ReadOnlySpan<byte> keyBytes = equals < 0 ? pair : pair[..equals];
            string key = Encoding.Latin1.GetString(keyBytes);
            if (IsKey(key))
            {
                pairs.TryAdd(key, equals < 0 ? null : Encoding.UTF8.GetString(pair[(equals + 1)..]));
            }
        }

        return pairs;
    }
}
