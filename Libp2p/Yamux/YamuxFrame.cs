using System.Buffers.Binary;

namespace PhaseMesh.Libp2p.Yamux;

internal enum YamuxType : byte
{
    Data = 0,
    WindowUpdate = 1,
    Ping = 2,
    GoAway = 3,
}

[Flags]
internal enum YamuxFlags : ushort
{
    None = 0,
    Syn = 1,
    Ack = 2,
    Fin = 4,
    Rst = 8,
}

internal enum YamuxGoAway : uint
{
    Normal = 0,
    ProtocolError = 1,
    InternalError = 2,
}

/// <summary>The 12-byte header in front of everything (see <see cref="YamuxSession"/>).</summary>
internal readonly record struct YamuxFrame(YamuxType Type, YamuxFlags Flags, uint StreamId, uint Length)
{
    public const int HeaderBytes = 12;
    public const string ProtocolId = "/yamux/1.0.0";

    /// <summary>Window of every new stream, in both directions: part of the protocol, not an option.</summary>
    public const int InitialWindowBytes = 256 * 1024;

    public void Write(Span<byte> destination)
    {
        destination[0] = 0;
        destination[1] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Length);
    }

    /// <summary>False for another version, an unknown type, or a type on the wrong kind of stream id.</summary>
    public static bool TryRead(ReadOnlySpan<byte> header, out YamuxFrame frame)
    {
        frame = new YamuxFrame(
            (YamuxType)header[1],
            (YamuxFlags)BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(header[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(header[8..]));
        bool isSession = frame.Type is YamuxType.Ping or YamuxType.GoAway;
        return header[0] == 0 && frame.Type <= YamuxType.GoAway && isSession == (frame.StreamId == 0);
    }
}
