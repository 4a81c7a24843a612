using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Messages;

public sealed class MessageComposerTests
{
    [Fact]
    public void Response_RepeatedNames_AreCompressed()
    {
        DnsRecord[] records = Samples.Announcement("stable x86_64", "host.local", "10.0.0.9");
        ReadOnlyMemory<byte> packet = Assert.Single(MessageComposer.Response(records, []));
        int plain = 12 + records.Sum(record => record.Name.Wire.Length + 10 + record.Data.ToUncompressed().Length);

        Assert.True(packet.Length < plain - 60, $"{packet.Length} of {plain} bytes");
        Assert.Equal(records, Read(packet).Answers);
    }

    [Fact]
    public void LegacyResponse_ServiceTarget_IsNotCompressedAndTtlIsCapped()
    {
        DnsRecord[] records = Samples.Announcement("a", "host.local", "10.0.0.9");
        var question = new DnsQuestion(Samples.TypeName, RecordType.Ptr, UnicastResponse: true);
        ReadOnlyMemory<byte> packet = MessageComposer.LegacyResponse(77, [question], records, []);
        DnsMessage message = Read(packet);

        Assert.Equal(77, message.Id);
        Assert.False(Assert.Single(message.Questions).UnicastResponse);
        Assert.All(message.Answers, record => Assert.False(record.CacheFlush));
        Assert.All(message.Answers, record => Assert.Equal(10u, record.TtlSeconds));
        Assert.True(packet.Span.IndexOf("\u0004host\u0005local\0"u8) > 0);
    }

    [Fact]
    public void Query_ManyKnownAnswers_SpreadsOverTruncatedPackets()
    {
        DnsRecord[] known = [.. Enumerable.Range(0, 200).Select(i => Samples.Pointer(Samples.TypeName.Prepend($"an instance with number {i}")))];
        List<DnsMessage> packets = [.. MessageComposer.Query([new DnsQuestion(Samples.TypeName, RecordType.Ptr)], known).Select(Read)];

        Assert.True(packets.Count > 2);
        Assert.All(packets.SkipLast(1), packet => Assert.True(packet.IsTruncated));
        Assert.False(packets[^1].IsTruncated);
        Assert.Single(packets[0].Questions);
        Assert.All(packets.Skip(1), packet => Assert.Empty(packet.Questions));
        Assert.Equal(known, packets.SelectMany(packet => packet.Answers));
    }

    [Fact]
    public void Response_RecordLongerThanAFrame_GoesAloneInALargerPacket()
    {
        var big = new DnsRecord(DnsName.Parse("big.local"), new OpaqueData((RecordType)99, new byte[5000]), 120);
        List<ReadOnlyMemory<byte>> packets = MessageComposer.Response([Samples.Address("a.local", "10.0.0.1"), big], []);
        Assert.Equal(2, packets.Count);
        Assert.Equal(big, Read(packets[1]).Answers.Single());
    }

    private static DnsMessage Read(ReadOnlyMemory<byte> packet)
    {
        Assert.True(MessageReader.TryRead(packet.Span, out DnsMessage? message, out MessageError error), error.ToString());
        return message;
    }
}
