using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace PhaseMesh.Mdns.Messages;

/// <summary>
/// A domain name: labels of 1 to 63 bytes, 255 bytes in all on the wire. Multicast DNS labels are UTF-8 and may hold dots and
/// spaces (RFC 6763 section 4.1.3); ASCII letters compare without case (RFC 6762 section 16).
/// </summary>
public sealed class DnsName : IEquatable<DnsName>
{
    public const int MaxWireBytes = 255;
    public const int MaxLabelBytes = 63;

    /// <summary>What an error tells the user to write.</summary>
    public const string Expected = "labels of 1 to 63 UTF-8 bytes joined by '.', 255 bytes in all";

    public static readonly DnsName Root = new([0]);
    public static readonly DnsName Local = Parse("local");

    private readonly byte[] _wire;
    private readonly int _hash;

    private DnsName(byte[] wire)
    {
        _wire = wire;
        var hash = default(HashCode);
        foreach (byte value in wire)
        {
            hash.Add(Fold(value));
        }

        _hash = hash.ToHashCode();
    }

    /// <summary>Length-prefixed labels, closed by a zero byte.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    public bool IsRoot => _wire.Length == 1;

    /// <summary>The leftmost label as text; empty for the root. Bytes that are not UTF-8 show as U+FFFD.</summary>
    public string FirstLabel => Encoding.UTF8.GetString(_wire, 1, _wire[0] == 0 ? 0 : _wire[0]);

    /// <summary>The name without its leftmost label; the root is its own parent.</summary>
    public DnsName Parent => IsRoot ? this : new DnsName(_wire[(_wire[0] + 1)..]);

    /// <summary>Reads presentation format: <c>\.</c> and <c>\\</c> escape, <c>\DDD</c> is a byte; a trailing dot is allowed.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out DnsName? name) =>
        DnsNameText.TryParse(text, out name);

    /// <exception cref="FormatException">The text breaks the rule of <see cref="Expected"/>.</exception>
    public static DnsName Parse(string text) =>
        TryParse(text, out DnsName? name) ? name : throw new FormatException($"Expected {Expected}, found '{text}'.");

    /// <summary>Puts one label, taken literally (a dot in it is part of the label), before this name.</summary>
    public bool TryPrepend(string label, [NotNullWhen(true)] out DnsName? name)
    {
        int labelBytes = Encoding.UTF8.GetByteCount(label);
        if (labelBytes is 0 or > MaxLabelBytes || labelBytes + 1 + _wire.Length > MaxWireBytes)
        {
            name = null;
            return false;
        }

        byte[] wire = new byte[labelBytes + 1 + _wire.Length];
        wire[0] = (byte)labelBytes;
        Encoding.UTF8.GetBytes(label, wire.AsSpan(1));
        _wire.CopyTo(wire, labelBytes + 1);
        name = new DnsName(wire);
        return true;
    }

    /// <exception cref="FormatException">The label is empty or over 63 bytes, or the whole would exceed 255.</exception>
    public DnsName Prepend(string label) =>
        TryPrepend(label, out DnsName? name) ? name : throw new FormatException($"Expected {Expected}, found '{label}' before '{this}'.");

    /// <summary>True when this name is <paramref name="suffix"/> or lies below it.</summary>
    public bool EndsWith(DnsName suffix)
    {
        int start = 0;
        while (_wire.Length - start > suffix._wire.Length)
        {
            start += _wire[start] + 1;
        }

        return _wire.Length - start == suffix._wire.Length && EqualFolded(_wire.AsSpan(start), suffix._wire);
    }

    public bool Equals([NotNullWhen(true)] DnsName? other) =>
        other is not null && (ReferenceEquals(this, other) || (_hash == other._hash && EqualFolded(_wire, other._wire)));

    public override bool Equals(object? obj) => Equals(obj as DnsName);

    public override int GetHashCode() => _hash;

    public override string ToString() => DnsNameText.Format(_wire);

    /// <summary>The caller has already checked every length.</summary>
    internal static DnsName FromValidWire(ReadOnlySpan<byte> wire) => new(wire.ToArray());

    // Length bytes are at most 63, below 'A', so folding the whole wire form leaves them alone.
    internal static bool EqualFolded(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (Fold(left[i]) != Fold(right[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static byte Fold(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}
