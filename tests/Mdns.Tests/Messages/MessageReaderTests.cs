using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Tests.Messages;

public sealed class MessageReaderTests
{
    public static TheoryData<string, byte[], string> Malformed => new()
    {
        { "nothing", [], "12 to 9000 bytes" },
        { "half a header", new byte[11], "12 to 9000 bytes" },
        { "too large", new byte[9001], "12 to 9000 bytes" },
        { "questions without end", new PacketBuilder(questions: 65535).ToArray(), "at most 256 questions" },
        { "records without end", new PacketBuilder(answers: 65535, additionals: 65535).ToArray(), "at most 512 records" },
        { "missing question", new PacketBuilder(questions: 1).ToArray(), "a name" },
        { "pointer to itself", new PacketBuilder(questions: 1).Pointer(12).U16(1).U16(1).ToArray(), "compression pointer" },
        { "pointer forward", new PacketBuilder(questions: 1).Pointer(40).U16(1).U16(1).ToArray(), "compression pointer" },
        { "pointer into the header", new PacketBuilder(questions: 1).Pointer(4).U16(1).U16(1).ToArray(), "compression pointer" },
        { "label then pointer back to it", new PacketBuilder(questions: 1).Label("a").Pointer(12).U16(1).U16(1).ToArray(), "compression pointer" },
        {
            "two pointers at each other",
            new PacketBuilder(questions: 2).Label("a").Pointer(16).U16(1).Pointer(12).U16(1).U16(1).ToArray(),
            "compression pointer"
        },
        { "half a pointer", new PacketBuilder(questions: 1).Bytes(0xc0).ToArray(), "second byte" },
        { "reserved label kind", new PacketBuilder(questions: 1).Bytes(0x40, 1).U16(1).U16(1).ToArray(), "a label of at most 63" },
        { "label past the end", new PacketBuilder(questions: 1).Bytes(63, 65).ToArray(), "a label of 63 bytes" },
        { "name over 255", LongName(), "a name of at most 255" },
        { "no question class", new PacketBuilder(questions: 1).End().U16(1).ToArray(), "a question class" },
        { "data past the end", new PacketBuilder(answers: 1).End().Fields(16, 4).Bytes(0).ToArray(), "4 bytes of record data" },
        { "short address", new PacketBuilder(answers: 1).End().Fields(1, 3).Bytes(1, 2, 3).ToArray(), "4 bytes of address" },
        { "long address", new PacketBuilder(answers: 1).End().Fields(28, 17).Bytes(new byte[17]).ToArray(), "16 bytes of address" },
        { "pointer record with a tail", new PacketBuilder(answers: 1).End().Fields(12, 2).End().Bytes(9).ToArray(), "record data to end" },
        { "pointer record that runs out", new PacketBuilder(answers: 1).End().Fields(12, 1).Label("a").End().ToArray(), "record data to end" },
        { "service record cut", new PacketBuilder(answers: 1).End().Fields(33, 4).U16(0).U16(0).ToArray(), "a port" },
        { "string past its record", new PacketBuilder(answers: 1).End().Fields(16, 2).Bytes(5, 65).ToArray(), "strings that end" },
        { "next name past its record", new PacketBuilder(answers: 1).End().Fields(47, 2).Label("a").End().ToArray(), "record data to end" },
        { "trailing bytes", new PacketBuilder().Bytes(0).ToArray(), "the end of the message" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void TryRead_MalformedPacket_SaysWhatItExpected(string story, byte[] packet, string expected)
    {
        Assert.False(MessageReader.TryRead(packet, out DnsMessage? message, out MessageError error), story);
        Assert.Null(message);
        Assert.Contains(expected, error.Expected);
        Assert.Contains("found", error.ToString());
    }

    [Fact]
    public void TryRead_CompressedResponse_IsExpanded()
    {
        // "host.local" once, then by pointer, then by label and pointer.
        byte[] packet = new PacketBuilder(answers: 3, flags: 0x8400)
            .Label("host").Label("local").End().Fields(1, 4).Bytes(10, 0, 0, 1)
            .Pointer(12).Fields(16, 4).Bytes(3).Bytes("a=b"u8.ToArray())
            .Label("x").Pointer(17).Fields(12, 2).Pointer(12)
            .ToArray();

        Assert.True(MessageReader.TryRead(packet, out DnsMessage? message, out MessageError error), error.ToString());
        Assert.True(message.IsResponse);
        Assert.Equal(DnsName.Parse("host.local"), message.Answers[1].Name);
        Assert.Equal("b", ((TextData)message.Answers[1].Data).Text["A"]);
        Assert.Equal(DnsName.Parse("x.local"), message.Answers[2].Name);
        Assert.Equal(DnsName.Parse("host.local"), ((PointerData)message.Answers[2].Data).Target);
    }

    [Fact]
    public void TryRead_LongChainOfBackwardPointers_IsReadWithoutHarm()
    {
        // 60 names, each one label before a pointer to the previous: legal, and the 255-byte limit ends the walk.
        var builder = new PacketBuilder(questions: 60);
        builder.Label("a").End().U16(12).U16(1);
        int previous = 12;
        for (int i = 1; i < 60; i++)
        {
            int here = builder.Length;
            builder.Label("a").Pointer(previous).U16(12).U16(1);
            previous = here;
        }

        Assert.True(MessageReader.TryRead(builder.ToArray(), out DnsMessage? message, out MessageError error), error.ToString());
        Assert.Equal(121, message.Questions[59].Name.Wire.Length);
    }

    [Theory]
    [InlineData("empty bitmap", new byte[] { 0, 0 })]
    [InlineData("16-bit fields of python-zeroconf", new byte[] { 0, 0, 0, 4, 0, 0, 0, 8 })]
    [InlineData("windows going down", new byte[] { 1, 1, 1, 0, 1, 1 })]
    [InlineData("bitmap past the end", new byte[] { 0, 33, 1 })]
    public void TryRead_UnreadableTypeBitmap_SaysNothingButSparesTheMessage(string story, byte[] bitmap)
    {
        byte[] packet = new PacketBuilder(answers: 1).End().Fields(47, 1 + bitmap.Length).End().Bytes(bitmap).ToArray();
        Assert.True(MessageReader.TryRead(packet, out DnsMessage? message, out _), story);
        var absence = Assert.IsType<NextSecureData>(message.Answers[0].Data);
        Assert.True(absence.Windows.IsEmpty);
        Assert.False(absence.Has(RecordType.A));
    }

    [Fact]
    public void TryRead_LargestPacket_IsRead()
    {
        byte[] packet = new PacketBuilder(answers: 1).End().Fields(99, MessageLimits.MaxMessageBytes - 23).Bytes(new byte[MessageLimits.MaxMessageBytes - 23]).ToArray();
        Assert.Equal(MessageLimits.MaxMessageBytes, packet.Length);
        Assert.True(MessageReader.TryRead(packet, out DnsMessage? message, out _));
        Assert.Equal((RecordType)99, message.Answers[0].Type);
    }

    [Fact]
    public void TryRead_BitsOfQuestionAndRecord_AreSplitFromTheClass()
    {
        byte[] packet = new PacketBuilder(questions: 1, answers: 1, flags: 0x0200)
            .Label("a").End().U16(255).U16(0x8001)
            .Pointer(12).U16(1).U16(0x8001).U16(0xffff).U16(0xffff).U16(4).Bytes(1, 2, 3, 4)
            .ToArray();
        Assert.True(MessageReader.TryRead(packet, out DnsMessage? message, out _));
        Assert.True(message.IsTruncated);
        Assert.Equal(new DnsQuestion(DnsName.Parse("a"), RecordType.Any, UnicastResponse: true), message.Questions[0]);
        Assert.True(message.Answers[0].CacheFlush);
        Assert.Equal(RecordClass.Internet, message.Answers[0].Class);
        Assert.Equal(0u, message.Answers[0].TtlSeconds);
    }

    [Fact]
    public void TryRead_OtherClass_StaysOpaque()
    {
        byte[] packet = new PacketBuilder(answers: 1).End().U16(1).U16(3).U16(0).U16(1).U16(2).Bytes(1, 2).ToArray();
        Assert.True(MessageReader.TryRead(packet, out DnsMessage? message, out _));
        Assert.IsType<OpaqueData>(message.Answers[0].Data);
    }

    private static byte[] LongName()
    {
        var builder = new PacketBuilder(questions: 1);
        for (int i = 0; i < 5; i++)
        {
            builder.Label(new string('a', 60));
        }

        return builder.End().U16(1).U16(1).ToArray();
    }
}
