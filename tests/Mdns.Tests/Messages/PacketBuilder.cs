using System.Buffers.Binary;

namespace PhaseMesh.Mdns.Tests.Messages;

/// <summary>Writes packets byte by byte, right or wrong.</summary>
internal sealed class PacketBuilder
{
    private readonly List<byte> _bytes = [];

    public PacketBuilder(int questions = 0, int answers = 0, int authorities = 0, int additionals = 0, ushort flags = 0)
    {
        U16(0).U16(flags).U16(questions).U16(answers).U16(authorities).U16(additionals);
    }

    public int Length => _bytes.Count;

    public PacketBuilder U16(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        _bytes.AddRange(bytes);
        return this;
    }

    public PacketBuilder Bytes(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PacketBuilder Pointer(int target) => U16(0xc000 | target);

    public PacketBuilder Label(string text) => Bytes((byte)text.Length).Bytes(System.Text.Encoding.ASCII.GetBytes(text));

    public PacketBuilder End() => Bytes(0);

    /// <summary>Type, class IN, 120 s, data length.</summary>
    public PacketBuilder Fields(int type, int dataLength) => U16(type).U16(1).U16(0).U16(120).U16(dataLength);

    public byte[] ToArray() => [.. _bytes];
}
