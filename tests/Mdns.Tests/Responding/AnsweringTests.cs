using System.Collections.Immutable;
using System.Net;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Responding;

public sealed class AnsweringTests : IAsyncLifetime
{
    private static readonly DnsQuestion AskType = new(Samples.TypeName, RecordType.Ptr);
    private readonly VirtualLan _lan = new();
    private readonly AdvertisedService _service;

    public AnsweringTests()
    {
        _service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(10);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _lan.DisposeAsync().AsTask();

    [Fact]
    public void Query_SharedPointer_IsAnsweredAfter20To120MillisecondsWithAllTheAskerNeeds()
    {
        TimeSpan asked = _lan.Time.Elapsed;
        WirePacket reply = Assert.Single(_lan.Ask(VirtualLan.Host(9), AskType));
        Assert.Null(reply.Destination);
        Assert.InRange(reply.At - asked, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(125));
        Assert.Equal(RecordType.Ptr, Assert.Single(reply.Message!.Answers).Type);
        Assert.Superset(
            new HashSet<RecordType> { RecordType.Srv, RecordType.Txt, RecordType.A }, reply.Message.Additionals.Select(r => r.Type).ToHashSet());
    }

    [Fact]
    public void Query_UniqueRecord_IsAnsweredAtOnce()
    {
        TimeSpan asked = _lan.Time.Elapsed;
        WirePacket reply = Assert.Single(_lan.Ask(VirtualLan.Host(9), new DnsQuestion(_service.FullName, RecordType.Srv)));
        Assert.InRange(reply.At - asked, TimeSpan.Zero, TimeSpan.FromMilliseconds(10));
        Assert.True(Assert.Single(reply.Message!.Answers).CacheFlush);
    }

    [Fact]
    public void Query_Any_GetsEveryRecordOfTheName()
    {
        WirePacket reply = Assert.Single(_lan.Ask(VirtualLan.Host(9), new DnsQuestion(_service.FullName, RecordType.Any)));
        Assert.Equal([RecordType.Srv, RecordType.Txt], reply.Message!.Answers.Select(r => r.Type));
    }

    [Fact]
    public void Query_TypeTheNameLacks_GetsAnNsec()
    {
        WirePacket reply = Assert.Single(_lan.Ask(VirtualLan.Host(9), new DnsQuestion(DnsName.Parse("host1.local"), RecordType.Aaaa)));
        var absence = Assert.IsType<NextSecureData>(reply.Message!.Answers[0].Data);
        Assert.True(absence.Has(RecordType.A));
        Assert.False(absence.Has(RecordType.Aaaa));
    }

    [Fact]
    public void Query_ForeignName_GetsNothing()
    {
        Assert.Empty(_lan.Ask(VirtualLan.Host(9), new DnsQuestion(DnsName.Parse("nobody.local"), RecordType.A)));
    }

    [Fact]
    public void Query_ServiceTypeEnumeration_ListsTheType()
    {
        WirePacket reply = Assert.Single(_lan.Ask(VirtualLan.Host(9), new DnsQuestion(DnsName.Parse("_services._dns-sd._udp.local"), RecordType.Ptr)));
        Assert.Equal(new PointerData(Samples.TypeName), reply.Message!.Answers[0].Data);
    }

    [Fact]
    public void Query_KnownAnswerWithHalfItsLife_IsSuppressed()
    {
        Assert.Empty(_lan.Ask(VirtualLan.Host(9), AskType, Samples.Pointer(_service.FullName, ttl: 2250)));
        Assert.Single(_lan.Ask(VirtualLan.Host(9), AskType, Samples.Pointer(_service.FullName, ttl: 2249)));
    }

    [Fact]
    public void Query_KnownAnswerInSecondPacketOfTruncatedQuery_IsSuppressed()
    {
        DnsRecord[] padding = [.. Enumerable.Range(0, 60).Select(i => Samples.Pointer(Samples.TypeName.Prepend($"somebody else's instance {i}")))];
        List<ReadOnlyMemory<byte>> packets = MessageComposer.Query([AskType], [.. padding, Samples.Pointer(_service.FullName)]);
        Assert.True(packets.Count > 1);
        int before = _lan.Wire.Count;
        foreach (ReadOnlyMemory<byte> packet in packets)
        {
            _lan.Inject(VirtualLan.Host(9), packet);
            _lan.Advance(0.05);
        }

        _lan.Advance(2);
        Assert.DoesNotContain(_lan.Wire.Skip(before), packet => packet.IsResponse);

        // Without the second packet the answer comes, after the longer wait for one.
        TimeSpan asked = _lan.Time.Elapsed;
        _lan.Inject(VirtualLan.Host(9), packets[0]);
        _lan.Advance(2);
        WirePacket reply = _lan.Wire.Last(packet => packet.IsResponse);
        Assert.InRange(reply.At - asked, TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(505));
    }

    [Fact]
    public void Query_UnicastBitSoonAfterMulticast_IsAnsweredToTheAskerAlone()
    {
        WirePacket reply = Assert.Single(_lan.Ask(VirtualLan.Host(9), AskType with { UnicastResponse = true }));
        Assert.Equal(VirtualLan.Host(9), reply.Destination);
        Assert.Contains(reply.Message!.Additionals, r => r.Type == RecordType.A);
    }

    [Fact]
    public void Query_UnicastBitLongAfterMulticast_IsAnsweredToAll()
    {
        _lan.Advance(4500 / 4);
        Assert.Null(Assert.Single(_lan.Ask(VirtualLan.Host(9), AskType with { UnicastResponse = true })).Destination);
    }

    [Fact]
    public void Query_UnicastBitFromNeighbourProgramOnThisMachine_IsAnsweredToAll()
    {
        Assert.Null(Assert.Single(_lan.Ask(VirtualLan.Host(1), AskType with { UnicastResponse = true })).Destination);
    }

    [Fact]
    public void Query_LegacyResolver_GetsAPlainDnsReply()
    {
        IPEndPoint resolver = VirtualLan.Host(9, port: 40000);
        int before = _lan.Wire.Count;
        var writer = new MessageWriter(512);
        writer.TryAdd(new DnsQuestion(_service.FullName, RecordType.Srv));
        _lan.Inject(resolver, writer.Finish(id: 4711, isResponse: false, isTruncated: false));
        _lan.Advance(0.2);
        WirePacket reply = Assert.Single(_lan.Wire.Skip(before + 1));
        Assert.Equal(resolver, reply.Destination);
        Assert.Equal(4711, reply.Message!.Id);
        Assert.Single(reply.Message.Questions);
        Assert.All(reply.Records, r => Assert.True(r.TtlSeconds <= 10 && !r.CacheFlush));
    }

    [Fact]
    public void Query_RepeatedWithinASecond_IsMulticastOncePerSecond()
    {
        int before = _lan.Wire.Count;
        TimeSpan start = _lan.Time.Elapsed;
        var question = new DnsQuestion(_service.FullName, RecordType.Txt);
        for (int i = 0; i < 40; i++)
        {
            _lan.Inject(VirtualLan.Host(9), MessageComposer.Query([question], [])[0]);
            _lan.Advance(0.1);
        }

        List<WirePacket> replies = [.. _lan.Wire.Skip(before).Where(packet => packet.IsResponse)];
        Assert.InRange(replies.Count, 3, 5);
        Assert.All(replies.Zip(replies.Skip(1)), pair => Assert.True(pair.Second.At - pair.First.At >= TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void PendingAnswer_AnotherResponderSaysIt_IsDropped()
    {
        int before = _lan.Wire.Count;
        _lan.Inject(VirtualLan.Host(9), MessageComposer.Query([AskType], [])[0]);
        _lan.InjectResponse(VirtualLan.Host(8), Samples.Pointer(_service.FullName));
        _lan.Advance(1);
        Assert.DoesNotContain(_lan.From(1), packet => packet.IsResponse && _lan.Wire.IndexOf(packet) > before);
    }

    [Fact]
    public void Goodbye_SpoofedForOurRecord_IsContradicted()
    {
        int before = _lan.Wire.Count;
        _lan.InjectResponse(VirtualLan.Host(66), Samples.Pointer(_service.FullName, ttl: 0));
        _lan.Advance(1);
        WirePacket rescue = Assert.Single(_lan.From(1), packet => packet.IsResponse && _lan.Wire.IndexOf(packet) > before);
        Assert.Equal(4500u, rescue.Message!.Answers.Single(r => r.Type == RecordType.Ptr).TtlSeconds);
    }

    [Fact]
    public void Probe_ForOurName_IsDefendedAtOnce()
    {
        TimeSpan asked = _lan.Time.Elapsed;
        int before = _lan.Wire.Count;
        var question = new DnsQuestion(_service.FullName, RecordType.Any);
        _lan.Inject(VirtualLan.Host(9), MessageComposer.Probe([(question, [Samples.Server(_service.FullName, "other.local")])])[0]);
        _lan.Advance(0.1);
        WirePacket defence = Assert.Single(_lan.Wire.Skip(before + 1));
        Assert.InRange(defence.At - asked, TimeSpan.Zero, TimeSpan.FromMilliseconds(10));
        Assert.Contains(defence.Message!.Answers, r => r.Type == RecordType.Srv);
    }

    [Fact]
    public void Query_EachLinkOfAMultihomedNode_AnswersWithThatLinksAddress()
    {
        MdnsNode node = _lan.StartNode(20, out InMemoryMulticastNetwork network);
        var otherLan = new InMemoryMulticastLan(_lan.Time, TimeSpan.FromMilliseconds(1));
        List<DnsRecord> other = [];
        otherLan.OnWire = datagram =>
        {
            Assert.True(MessageReader.TryRead(datagram.Bytes.Span, out DnsMessage? message, out _));
            other.AddRange(message.Answers);
            return true;
        };
        network.Connect(otherLan, new NetworkLink(2, "lan2", [
            new LinkAddress(IPAddress.Parse("192.168.7.20"), 24), new LinkAddress(IPAddress.Parse("fe80::20"), 64)]));
        node.Advertise(Samples.Service("two links"));
        _lan.Advance(3);

        List<string> here = [.. _lan.From(20).SelectMany(p => p.Message!.Answers).Select(r => r.Data).OfType<AddressData>().Select(d => $"{d.Address}").Distinct()];
        Assert.Equal(["10.0.0.20"], here);
        Assert.Equal(["192.168.7.20", "fe80::20"], other.Select(r => r.Data).OfType<AddressData>().Select(d => $"{d.Address}").Distinct().Order());
    }
}
