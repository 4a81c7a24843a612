namespace PhaseMesh.Mdns.Messages;

/// <summary>
/// NSEC as multicast DNS uses it: the name has these types and no others (RFC 6762 section 6.1). Written with window block 0 only;
/// on reading, any well-formed list of windows is kept as it came (RFC 4034 section 4.1.2).
/// </summary>
public sealed record NextSecureData : RecordData
{
    private const int MaxTypeInWindowZero = 255;

    internal NextSecureData(DnsName next, byte[] windows)
    {
        Next = next;
        Windows = windows;
    }

    public DnsName Next { get; }

    /// <summary>Window number, bitmap length 1 to 32, bitmap; repeated in ascending order. Empty when the sender's could not be read.</summary>
    public ReadOnlyMemory<byte> Windows { get; }

    public override RecordType Type => RecordType.Nsec;

    /// <exception cref="ArgumentOutOfRangeException">A type above 255, which multicast DNS cannot express here.</exception>
    public static NextSecureData For(DnsName name, params ReadOnlySpan<RecordType> types)
    {
        Span<byte> bitmap = stackalloc byte[32];
        bitmap.Clear();
        int used = 0;
        foreach (RecordType type in types)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((int)type, MaxTypeInWindowZero, nameof(types));
            bitmap[(int)type / 8] |= (byte)(0x80 >> ((int)type % 8));
            used = Math.Max(used, ((int)type / 8) + 1);
        }

        return new NextSecureData(name, used == 0 ? [] : [0, (byte)used, .. bitmap[..used]]);
    }

    public bool Has(RecordType type)
    {
        ReadOnlySpan<byte> windows = Windows.Span;
        while (windows.Length >= 2)
        {
            int index = ((int)type % 256) / 8;
            if (windows[0] == (int)type / 256)
            {
                return index < windows[1] && (windows[2 + index] & (0x80 >> ((int)type % 8))) != 0;
            }

            windows = windows[(2 + windows[1])..];
        }

        return false;
    }

    public bool Equals(NextSecureData? other) =>
        other is not null && Next.Equals(other.Next) && Windows.Span.SequenceEqual(other.Windows.Span);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Next);
        hash.AddBytes(Windows.Span);
        return hash.ToHashCode();
    }

    public override string ToString() => $"NSEC {Next}";

    internal static bool AreWindowsWellFormed(ReadOnlySpan<byte> windows)
    {
        int previous = -1;
        while (!windows.IsEmpty)
        {
            if (windows.Length < 3 || windows[0] <= previous || windows[1] is 0 or > 32 || windows.Length < 2 + windows[1])
            {
                return false;
            }

            previous = windows[0];
            windows = windows[(2 + windows[1])..];
        }

        return true;
    }

    internal override void Write(MessageWriter writer)
    {
        writer.WriteName(Next);
        writer.WriteBytes(Windows.Span);
    }
}
