using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>One protocol of an address with its value in the binary form, such as tcp and 0x0FA1.</summary>
public readonly record struct MultiaddrComponent(MultiaddrProtocol Protocol, ReadOnlyMemory<byte> Value)
{
    private const int MaxNameBytes = 253;

    /// <summary>The value as text: "127.0.0.1", "4001", a host name, a peer id; empty for a protocol without a value.</summary>
    public string ValueText => Protocol.Code switch
    {
        4 or 41 => new IPAddress(Value.Span).ToString(),
        6 or 273 => BinaryPrimitives.ReadUInt16BigEndian(Value.Span).ToString(CultureInfo.InvariantCulture),
        421 => Base58.Encode(Value.Span),
        777 => BinaryPrimitives.ReadUInt64BigEndian(Value.Span).ToString(CultureInfo.InvariantCulture),
        _ => Encoding.UTF8.GetString(Value.Span),
    };

    /// <summary>Reads a value in its text form.</summary>
    internal static bool TryParse(MultiaddrProtocol protocol, string text, out MultiaddrComponent component)
    {
        byte[]? value = protocol.Code switch
        {
            4 => ParseAddress(text, AddressFamily.InterNetwork),
            41 => ParseAddress(text, AddressFamily.InterNetworkV6),
            6 or 273 => ParsePort(text),
            421 => PeerId.TryParse(text, out PeerId peer) ? peer.Bytes.ToArray() : null,
            777 => ParseNumber(text),
            _ => IsName(Encoding.UTF8.GetBytes(text)) ? Encoding.UTF8.GetBytes(text) : null,
        };
        component = new MultiaddrComponent(protocol, value);
        return value is not null;
    }

    /// <summary>Whether a binary value could have come from text, so that both forms always convert into each other.</summary>
    internal bool IsValid() => Protocol.Code switch
    {
        421 => PeerId.TryRead(Value.Span, out _),
        _ => Protocol.ValueBytes >= 0 || IsName(Value.Span),
    };

    private static byte[]? ParseAddress(string text, AddressFamily family) =>
        text.IndexOfAny(['%', '[']) < 0 && IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == family
            && (family == AddressFamily.InterNetworkV6 || address.ToString() == text) // 127.1 and 0x7f.0.0.1 are not addresses here.
            ? address.GetAddressBytes()
            : null;

    private static byte[]? ParsePort(string text)
    {
        if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return null;
        }
        byte[] value = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(value, port);
        return value;
    }

    private static byte[]? ParseNumber(string text)
    {
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
        {
            return null;
        }
        byte[] value = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        return value;
    }

    // Host names and zones: printable ASCII without the separator, so that no address can smuggle one inside a value.
    private static bool IsName(ReadOnlySpan<byte> value)
    {
        if (value.Length is 0 or > MaxNameBytes)
        {
            return false;
        }
        foreach (byte character in value)
        {
            if (character is <= 0x20 or >= 0x7f or (byte)'/')
            {
                return false;
            }
        }
        return true;
    }
}
