using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Mdns.Messages;

/// <summary>
/// Reads a message from untrusted bytes (RFC 1035 section 4, RFC 6762 section 18):
/// <code>
/// header  ID(16) QR(1) OPCODE(4) AA TC RD RA Z AD CD RCODE(4)  QDCOUNT ANCOUNT NSCOUNT ARCOUNT (16 each)
/// question NAME TYPE(16) QU(1)CLASS(15)
/// record   NAME TYPE(16) FLUSH(1)CLASS(15) TTL(32) RDLENGTH(16) RDATA
/// name     { length(1..63) bytes } 0   |   ... 11 offset(14), always to an earlier byte than the one the jump started from
/// </code>
/// Never throws. Every length is checked against <see cref="MessageLimits"/> and against the bytes at hand before it is used.
/// </summary>
public ref partial struct MessageReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private MessageError _error;

    private MessageReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DnsMessage? message, out MessageError error)
    {
        var reader = new MessageReader(bytes);
        bool isRead = reader.TryReadMessage(out message);
        error = reader._error;
        return isRead;
    }

    private bool TryReadMessage([NotNullWhen(true)] out DnsMessage? message)
    {
        message = null;
        if (_bytes.Length is < MessageLimits.HeaderBytes or > MessageLimits.MaxMessageBytes)
        {
            return Fail($"{MessageLimits.HeaderBytes} to {MessageLimits.MaxMessageBytes} bytes", $"{_bytes.Length}");
        }

        ushort id = ReadHeaderField(0);
        ushort flags = ReadHeaderField(1);
        int questionCount = ReadHeaderField(2);
        int answerCount = ReadHeaderField(3);
        int authorityCount = ReadHeaderField(4);
        int additionalCount = ReadHeaderField(5);
        if (questionCount > MessageLimits.MaxQuestions)
        {
            return Fail($"at most {MessageLimits.MaxQuestions} questions", $"{questionCount}");
        }

        if (answerCount + authorityCount + additionalCount > MessageLimits.MaxRecords)
        {
            return Fail($"at most {MessageLimits.MaxRecords} records", $"{answerCount + authorityCount + additionalCount}");
        }

        _position = MessageLimits.HeaderBytes;
        if (!TryReadQuestions(questionCount, out List<DnsQuestion>? questions)
            || !TryReadRecords(answerCount, out List<DnsRecord>? answers)
            || !TryReadRecords(authorityCount, out List<DnsRecord>? authorities)
            || !TryReadRecords(additionalCount, out List<DnsRecord>? additionals))
        {
            return false;
        }

        if (_position != _bytes.Length)
        {
            return Fail("the end of the message", $"{_bytes.Length - _position} more bytes");
        }

        message = new DnsMessage
        {
            Id = id,
            IsResponse = (flags & 0x8000) != 0,
            IsTruncated = (flags & 0x0200) != 0,
            OpCode = (byte)((flags >> 11) & 0xf),
            ResponseCode = (byte)(flags & 0xf),
            Questions = questions,
            Answers = answers,
            Authorities = authorities,
            Additionals = additionals,
        };
        return true;
    }

    private bool TryReadQuestions(int count, [NotNullWhen(true)] out List<DnsQuestion>? questions)
    {
        questions = [];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadName(out DnsName? name) || !TryReadUInt16("a question type", out ushort type) || !TryReadUInt16("a question class", out ushort qclass))
            {
                questions = null;
                return false;
            }

            questions.Add(new DnsQuestion(name, (RecordType)type, (qclass & 0x8000) != 0, (ushort)(qclass & 0x7fff)));
        }

        return true;
    }

    private bool TryReadRecords(int count, [NotNullWhen(true)] out List<DnsRecord>? records)
    {
        records = [];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadRecord(out DnsRecord? record))
            {
                records = null;
                return false;
            }

            records.Add(record);
        }

        return true;
    }

    private bool TryReadRecord([NotNullWhen(true)] out DnsRecord? record)
    {
        record = null;
        if (!TryReadName(out DnsName? name)
            || !TryReadUInt16("a record type", out ushort type)
            || !TryReadUInt16("a record class", out ushort rclass)
            || !TryReadUInt16("a time to live", out ushort ttlHigh)
            || !TryReadUInt16("a time to live", out ushort ttlLow)
            || !TryReadUInt16("a data length", out ushort dataBytes))
        {
            return false;
        }

        if (dataBytes > _bytes.Length - _position)
        {
            return Fail($"{dataBytes} bytes of record data", $"{_bytes.Length - _position}");
        }

        int end = _position + dataBytes;
        ushort plainClass = (ushort)(rclass & 0x7fff);
        if (!TryReadData((RecordType)type, plainClass, end, out RecordData? data))
        {
            return false;
        }

        // RFC 2181 section 8: a life time with the top bit set counts as zero.
        uint ttlSeconds = ((uint)ttlHigh << 16) | ttlLow;
        record = new DnsRecord(name, data, ttlSeconds > int.MaxValue ? 0 : ttlSeconds, (rclass & 0x8000) != 0, plainClass);
        return true;
    }

    private bool TryReadName([NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        Span<byte> wire = stackalloc byte[DnsName.MaxWireBytes];
        int written = 0;
        int read = _position;
        int afterName = -1;

        // Each jump must land before the place where the run of labels now being read began, so jumps only ever go down: no loop.
        int runStart = _position;
        while (true)
        {
            if (read >= _bytes.Length)
            {
                return Fail("a name", "the end of the message");
            }

            int length = _bytes[read];
            if (length >= 0xc0)
            {
                if (read + 1 >= _bytes.Length)
                {
                    return Fail("the second byte of a compression pointer", "the end of the message");
                }

                int target = ((length & 0x3f) << 8) | _bytes[read + 1];
                if (target < MessageLimits.HeaderBytes || target >= runStart)
                {
                    return Fail($"a compression pointer to bytes {MessageLimits.HeaderBytes} to {runStart - 1}", $"{target}");
                }

                afterName = afterName < 0 ? read + 2 : afterName;
                read = runStart = target;
                continue;
            }

            if (length > DnsName.MaxLabelBytes)
            {
                return Fail($"a label of at most {DnsName.MaxLabelBytes} bytes", $"length byte {length}");
            }

            if (read + 1 + length > _bytes.Length)
            {
                return Fail($"a label of {length} bytes", $"{_bytes.Length - read - 1}");
            }

            if (written + 1 + length > DnsName.MaxWireBytes - (length == 0 ? 0 : 1))
            {
                return Fail($"a name of at most {DnsName.MaxWireBytes} bytes", "a longer one");
            }

            _bytes.Slice(read, 1 + length).CopyTo(wire[written..]);
            written += 1 + length;
            read += 1 + length;
            if (length == 0)
            {
                _position = afterName < 0 ? read : afterName;
                name = DnsName.FromValidWire(wire[..written]);
                return true;
            }
        }
    }

    private bool TryReadUInt16(string expected, out ushort value)
    {
        if (_bytes.Length - _position < 2)
        {
            value = 0;
            return Fail(expected, "the end of the message");
        }

        value = BinaryPrimitives.ReadUInt16BigEndian(_bytes[_position..]);
        _position += 2;
        return true;
    }

    private readonly ushort ReadHeaderField(int index) => BinaryPrimitives.ReadUInt16BigEndian(_bytes[(index * 2)..]);

    private bool IsAt(int end) => _position == end || Fail($"record data to end at byte {end}", $"its fields end at {_position}");

    private bool Fail(string expected, string actual)
    {
        _error = new MessageError(_position, expected, actual);
        return false;
    }
}
