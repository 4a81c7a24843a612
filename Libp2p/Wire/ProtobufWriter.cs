using System.Buffers;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Wire;

/// <summary>
/// The two wire types that libp2p's messages use, written by hand: varint (0) and length-delimited (2).
/// https://protobuf.dev/programming-guides/encoding/
/// </summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> WrittenSpan => _buffer.WrittenSpan;

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void WriteVarint(int field, ulong value)
    {
        WriteNumber((ulong)field << 3);
        WriteNumber(value);
    }

    public void WriteBytes(int field, ReadOnlySpan<byte> value)
    {
        WriteNumber(((ulong)field << 3) | 2);
        WriteNumber((ulong)value.Length);
        _buffer.Write(value);
    }

    public void WriteText(int field, string value) => WriteBytes(field, System.Text.Encoding.UTF8.GetBytes(value));

    private void WriteNumber(ulong value)
    {
        Span<byte> destination = _buffer.GetSpan(Varint.MaxBytes);
        _buffer.Advance(Varint.Write(destination, value));
    }
}
