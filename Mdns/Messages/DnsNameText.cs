using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace PhaseMesh.Mdns.Messages;

/// <summary>Presentation format of names: dots separate labels, a dot inside a label is written <c>\.</c>, odd bytes <c>\DDD</c>.</summary>
internal static class DnsNameText
{
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        if (text is null or "" || text.Length > DnsName.MaxWireBytes * 4)
        {
            return false;
        }

        if (text == ".")
        {
            name = DnsName.Root;
            return true;
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> wire = stackalloc byte[DnsName.MaxWireBytes];
        int labelStart = 0;
        int position = 1;
        int read = 0;
        while (read < utf8.Length)
        {
            byte value = utf8[read++];
            if (value == '.')
            {
                if (!TryCloseLabel(wire, labelStart, position))
                {
                    return false;
                }

                labelStart = position++;
                continue;
            }

            if (value == '\\' && !TryUnescape(utf8, ref read, out value))
            {
                return false;
            }

            // The last byte is kept for the closing zero.
            if (position >= DnsName.MaxWireBytes - 1)
            {
                return false;
            }

            wire[position++] = value;
        }

        if (position - labelStart > 1)
        {
            if (!TryCloseLabel(wire, labelStart, position))
            {
                return false;
            }

            labelStart = position++;
        }

        if (position > DnsName.MaxWireBytes)
        {
            return false;
        }

        wire[labelStart] = 0;
        name = DnsName.FromValidWire(wire[..position]);
        return true;
    }

    public static string Format(ReadOnlySpan<byte> wire)
    {
        if (wire.Length == 1)
        {
            return ".";
        }

        var text = new StringBuilder(wire.Length);
        int position = 0;
        while (wire[position] != 0)
        {
            if (position > 0)
            {
                text.Append('.');
            }

            ReadOnlySpan<byte> label = wire.Slice(position + 1, wire[position]);
            AppendLabel(text, label, Utf8.IsValid(label));
            position += label.Length + 1;
        }

        return text.ToString();
    }

    private static void AppendLabel(StringBuilder text, ReadOnlySpan<byte> label, bool isUtf8)
    {
        int plainStart = 0;
        for (int i = 0; i < label.Length; i++)
        {
            byte value = label[i];
            bool isPlain = value >= 0x20 && value != 0x7f && value != '.' && value != '\\' && (value < 0x80 || isUtf8);
            if (isPlain)
            {
                continue;
            }

            text.Append(Encoding.UTF8.GetString(label[plainStart..i]));
            plainStart = i + 1;
            text.Append('\\');
            _ = value is (byte)'.' or (byte)'\\' ? text.Append((char)value) : text.Append(value.ToString("000"));
        }

        text.Append(Encoding.UTF8.GetString(label[plainStart..]));
    }

    private static bool TryCloseLabel(Span<byte> wire, int labelStart, int position)
    {
        int lengthBytes = position - labelStart - 1;
        if (lengthBytes is 0 or > DnsName.MaxLabelBytes || position >= DnsName.MaxWireBytes)
        {
            return false;
        }

        wire[labelStart] = (byte)lengthBytes;
        return true;
    }

    private static bool TryUnescape(ReadOnlySpan<byte> utf8, ref int read, out byte value)
    {
        value = 0;
        if (read >= utf8.Length)
        {
            return false;
        }

        if (!char.IsAsciiDigit((char)utf8[read]))
        {
            value = utf8[read++];
            return true;
        }

        if (read + 3 > utf8.Length || !byte.TryParse(utf8.Slice(read, 3), out value))
        {
            return false;
        }

        read += 3;
        return true;
    }
}
