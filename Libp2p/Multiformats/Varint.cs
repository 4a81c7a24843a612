namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>
/// Unsigned varint of the multiformats project: little-endian groups of seven bits, at most nine bytes, shortest form only.
/// https://github.com/multiformats/unsigned-varint
/// </summary>
public static class Varint
{
    /// <summary>Nine groups of seven bits: values up to 2^63 - 1.</summary>
    public const int MaxBytes = 9;

    public static int SizeOf(ulong value)
    {
        int size = 1;
        while (value >= 0x80)
        {
            value >>= 7;
            size++;
        }
        return size;
    }

    /// <summary>Writes the value and returns the number of bytes used.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value needs more than nine bytes.</exception>
    public static int Write(Span<byte> destination, ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, (ulong)long.MaxValue);
        int index = 0;
        while (value >= 0x80)
        {
            destination[index++] = (byte)(value | 0x80);
            value >>= 7;
        }
        destination[index++] = (byte)value;
        return index;
    }

    /// <summary>Reads one varint; false when it is cut short, longer than nine bytes, or not in its shortest form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out ulong value, out int length)
    {
        value = 0;
        for (int index = 0; index < source.Length && index < MaxBytes; index++)
        {
            byte current = source[index];
            value |= (ulong)(current & 0x7f) << (7 * index);
            if (current < 0x80)
            {
                length = index + 1;
                // A trailing zero group would give one value two encodings, and so one address two identities.
                return current != 0 || index == 0;
            }
        }
        value = 0;
        length = 0;
        return false;
    }

    /// <summary>Reads a varint and moves the span past it.</summary>
    internal static bool TryTake(ref ReadOnlySpan<byte> source, out ulong value)
    {
        if (!TryRead(source, out value, out int length))
        {
            return false;
        }
        source = source[length..];
        return true;
    }
}
