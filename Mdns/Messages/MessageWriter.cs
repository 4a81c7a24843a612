using System.Buffers.Binary;

namespace PhaseMesh.Mdns.Messages;

/// <summary>
/// Builds one message in a buffer of its own. A record that does not fit is left out whole and reported, so that the caller can
/// open the next packet.
/// </summary>
internal sealed class MessageWriter
{
    // Names already written, as (start, offset in the message): a pointer has 14 bits.
    private const int MaxPointerOffset = 0x3fff;

    private readonly byte[] _buffer;
    private readonly bool _compress;
    private readonly List<(byte[] Suffix, int Offset)> _suffixes = [];
    private readonly int[] _counts = new int[4];
    private int _position;

    /// <param name="maxBytes">Bytes this message may take, at most <see cref="MessageLimits.MaxMessageBytes"/>.</param>
    /// <param name="compressServiceTarget">Off in legacy unicast replies (RFC 6762 section 18.14).</param>
    public MessageWriter(int maxBytes, bool compress = true, bool compressServiceTarget = true)
    {
        _buffer = new byte[maxBytes];
        _compress = compress;
        CompressesServiceTarget = compressServiceTarget;
        _position = MessageLimits.HeaderBytes;
    }

    public bool IsEmpty => _position == MessageLimits.HeaderBytes;

    private bool CompressesServiceTarget { get; }

    private bool Overflowed { get; set; }

    public bool TryAdd(DnsQuestion question) => TryAdd(0, () =>
    {
        WriteName(question.Name);
        WriteUInt16((ushort)question.Type);
        WriteUInt16((ushort)(question.Class | (question.UnicastResponse ? 0x8000 : 0)));
    });

    public bool TryAdd(MessageSection section, DnsRecord record) => TryAdd((int)section, () =>
    {
        WriteName(record.Name);
        WriteUInt16((ushort)record.Type);
        WriteUInt16((ushort)(record.Class | (record.CacheFlush ? 0x8000 : 0)));
        WriteUInt16((ushort)(record.TtlSeconds >> 16));
        WriteUInt16((ushort)record.TtlSeconds);
        int lengthAt = _position;
        WriteUInt16(0);
        record.Data.Write(this);
        if (!Overflowed)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(lengthAt), (ushort)(_position - lengthAt - 2));
        }
    });

    public ReadOnlyMemory<byte> Finish(ushort id, bool isResponse, bool isTruncated)
    {
        // A response is authoritative (RFC 6762 section 18.4); every other bit stays zero.
        int flags = (isResponse ? 0x8400 : 0) | (isTruncated ? 0x0200 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer, id);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(2), (ushort)flags);
        for (int i = 0; i < _counts.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(4 + (2 * i)), (ushort)_counts[i]);
        }

        return _buffer.AsMemory(0, _position);
    }

    internal byte[] WriteDataAlone(RecordData data)
    {
        data.Write(this);
        return _buffer[MessageLimits.HeaderBytes.._position];
    }

    internal void WriteUInt16(ushort value)
    {
        Span<byte> bytes = [(byte)(value >> 8), (byte)value];
        WriteBytes(bytes);
    }

    internal void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        if (Overflowed || bytes.Length > _buffer.Length - _position)
        {
            Overflowed = true;
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_position));
        _position += bytes.Length;
    }

    internal void WriteServiceTarget(DnsName name) => WriteName(name, CompressesServiceTarget);

    internal void WriteName(DnsName name) => WriteName(name, true);

    private void WriteName(DnsName name, bool mayPoint)
    {
        ReadOnlySpan<byte> rest = name.Wire;
        while (rest[0] != 0)
        {
            if (_compress && mayPoint && FindSuffix(rest) is int offset)
            {
                WriteUInt16((ushort)(0xc000 | offset));
                return;
            }

            if (_compress && _position <= MaxPointerOffset)
            {
                _suffixes.Add((rest.ToArray(), _position));
            }

            WriteBytes(rest[..(rest[0] + 1)]);
            rest = rest[(rest[0] + 1)..];
        }

        WriteBytes([0]);
    }

    private int? FindSuffix(ReadOnlySpan<byte> suffix)
    {
        foreach ((byte[] known, int offset) in _suffixes)
        {
            // Byte for byte, so that the case the owner chose survives.
            if (suffix.SequenceEqual(known))
            {
                return offset;
            }
        }

        return null;
    }

    private bool TryAdd(int section, Action write)
    {
        int position = _position;
        int suffixes = _suffixes.Count;
        write();
        bool isFull = section == 0
            ? _counts[0] >= MessageLimits.MaxQuestions
            : _counts[1] + _counts[2] + _counts[3] >= MessageLimits.MaxRecords;
        if (Overflowed || isFull)
        {
            Overflowed = false;
            _position = position;
            _suffixes.RemoveRange(suffixes, _suffixes.Count - suffixes);
            return false;
        }

        _counts[section]++;
        return true;
    }
}

internal enum MessageSection
{
    Answer = 1,
    Authority = 2,
    Additional = 3,
}
