using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Tests.Messages;
using PhaseMesh.Mdns.Tests.Twins;
using System.Net;

namespace PhaseMesh.Mdns.Tests.Hostile;

/// <summary>Machines on the LAN that lie, shout or send garbage: a good service is still found and memory stays bounded.</summary>
public sealed class HostilePacketTests : IAsyncLifetime
{
    private readonly VirtualLan _lan = new();
    private readonly MdnsNode _asker;
    private readonly ServiceBrowser _browser;

    public HostilePacketTests()
    {
        _asker = _lan.StartNode(2);
        _browser = _asker.Browse(Samples.Type);
        _lan.Advance(0.1);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _lan.DisposeAsync().AsTask();

    [Fact]
    public void Malformed_WholeCorpus_IsCountedAndHarmless()
    {
        int count = 0;
        foreach (object[] sample in MessageReaderTests.Malformed)
        {
            _lan.Inject(VirtualLan.Host(66), (byte[])sample[1]);
            count++;
        }

        AssertGoodServiceIsFound();
        Assert.Equal(count, _asker.Counters.Drops(DropReason.Malformed) + _asker.Counters.Drops(DropReason.TooLarge));
        Assert.Equal(1, _asker.Counters.Drops(DropReason.TooLarge));
    }

    [Fact]
    public void OffLinkSource_IsRefused()
    {
        _lan.InjectResponse(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 5353), Samples.Announcement("far", "far.local", "192.0.2.1"));
        AssertGoodServiceIsFound();
        Assert.Equal(1, _asker.Counters.Drops(DropReason.OffLink));
        Assert.DoesNotContain(_browser.Instances, instance => instance.InstanceName == "far");
    }

    [Fact]
    public void ResponseFromAnotherPort_IsRefused()
    {
        _lan.InjectResponse(VirtualLan.Host(66, port: 40000), Samples.Announcement("odd", "odd.local", "10.0.0.66"));
        _lan.Advance(1);
        Assert.Empty(_browser.Instances);
        Assert.Equal(1, _asker.Counters.Drops(DropReason.ResponseFromWrongPort));
    }

    [Fact]
    public void UnicastResponse_NobodyAskedFor_IsRefused()
    {
        _lan.Advance(5);
        ReadOnlyMemory<byte> packet = MessageComposer.Response(Samples.Announcement("sly", "sly.local", "10.0.0.66"), [])[0];
        _lan.Lan.Inject(VirtualLan.Host(66), VirtualLan.Host(2), packet.Span);
        _lan.Advance(1);
        Assert.Empty(_browser.Instances);
        Assert.Equal(1, _asker.Counters.Drops(DropReason.UnaskedUnicast));
    }

    [Fact]
    public void ErrorCodesAndOtherOperations_AreIgnored()
    {
        byte[] packet = MessageComposer.Response(Samples.Announcement("err", "err.local", "10.0.0.66"), [])[0].ToArray();
        packet[3] |= 3;
        _lan.Inject(VirtualLan.Host(66), packet);
        packet[3] = 0;
        packet[2] |= 0x28;
        _lan.Inject(VirtualLan.Host(66), packet);
        _lan.Advance(1);
        Assert.Empty(_browser.Instances);
        Assert.Equal(2, _asker.Counters.Drops(DropReason.UnsupportedCode));
    }

    [Fact]
    public void Flood_OfInventedInstances_LeavesRoomForARealOne()
    {
        for (int burst = 0; burst < 50; burst++)
        {
            for (int i = 0; i < 200; i++)
            {
                _lan.InjectResponse(VirtualLan.Host(66), Samples.Announcement($"fake {burst} {i}", $"fake{i}.local", "10.0.0.66"));
            }

            _lan.Advance(0.2);
            Assert.True(_asker.CachedRecords <= 256 * 32, $"{_asker.CachedRecords} records");
        }

        AssertGoodServiceIsFound();
        Assert.True(_browser.Instances.Count <= 256);
        Assert.True(_asker.Counters.Drops(DropReason.SourceFlood) > 0);
        Assert.True(_asker.Counters.Drops(DropReason.InstancesFull) > 0);
    }

    [Fact]
    public void Flood_FromManySources_IsCutAtTheLinkLimitAndEndsWithTheSecond()
    {
        for (int i = 0; i < 5000; i++)
        {
            _lan.InjectResponse(VirtualLan.Host(3 + (i % 200)), Samples.Announcement($"fake {i}", $"fake{i}.local", "10.0.0.66"));
        }

        _lan.Advance(2);
        Assert.True(_asker.Counters.Drops(DropReason.LinkFlood) >= 3500);
        AssertGoodServiceIsFound();
    }

    [Fact]
    public void Flood_OfVersionsOfOneService_KeepsAHandful()
    {
        for (int i = 0; i < 90; i++)
        {
            DnsName instance = Samples.TypeName.Prepend("many");
            _lan.InjectResponse(
                VirtualLan.Host(66), Samples.Pointer(instance), Samples.Server(instance, $"h{i}.local"), Samples.Strings(instance, Samples.Text($"{i}")), Samples.Address($"h{i}.local", $"10.0.0.{i + 1}"));
        }

        _lan.Advance(0.5);
        Assert.InRange(_asker.CachedRecords, 4, 1 + 2 + 2 + (2 * 8));
    }

    [Fact]
    public void Flood_OfRenewals_LeavesNothingBehindInTheQueue()
    {
        DnsRecord[] records = [.. Enumerable.Range(0, 200).SelectMany(i => Samples.Announcement($"fake {i}", $"fake{i}.local", "10.0.0.66")).Select(r => r with { TtlSeconds = 86_400 })];
        List<ReadOnlyMemory<byte>> packets = MessageComposer.Response(records, []);
        for (int round = 0; round < 25; round++)
        {
            packets.ForEach(packet => _lan.Inject(VirtualLan.Host(66), packet));
            _lan.Advance(1);
        }

        Assert.Equal(200, _browser.Instances.Count);
        Assert.True(_asker.ScheduledActions < 2000, $"{_asker.ScheduledActions} actions");
        AssertGoodServiceIsFound();
    }

    [Fact]
    public void Flood_OfMutatedPackets_FromManyHosts_IsSurvived()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(5);
        var random = new Random(6763);
        byte[][] corpus = MutatedPackets.Corpus();
        for (int i = 0; i < 20_000; i++)
        {
            _lan.Inject(VirtualLan.Host(3 + random.Next(200)), MutatedPackets.Mutate(corpus[random.Next(corpus.Length)], random));
            _lan.Advance(0.002);
        }

        Assert.True(_asker.CachedRecords <= 256 * (2 + 2 + 16 + 1), $"{_asker.CachedRecords} records");
        Assert.True(service.Announced.IsCompleted);
        AssertGoodServiceIsFound();
    }

    [Fact]
    public void ForeignChatter_IsNotRemembered()
    {
        DnsName other = DnsName.Parse("_ipp._tcp.local");
        for (int i = 0; i < 50; i++)
        {
            _lan.InjectResponse(VirtualLan.Host(66), new DnsRecord(other, new PointerData(other.Prepend($"printer {i}")), 4500), Samples.Address($"p{i}.local", "10.0.0.66"));
        }

        // A pointer of our type to something of another type leads nowhere.
        _lan.InjectResponse(VirtualLan.Host(66), Samples.Pointer(other.Prepend("trick")));
        _lan.Advance(1);
        Assert.Equal(0, _asker.CachedRecords);
    }

    [Fact]
    public void UnusableAddresses_AreNotBelieved()
    {
        foreach (string address in (string[])["127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "ff02::1"])
        {
            _lan.InjectResponse(VirtualLan.Host(66), Samples.Announcement("loop", "loop.local", address));
        }

        _lan.Advance(1);
        Assert.Empty(_browser.Instances);
    }

    [Fact]
    public void SpoofedServerRecord_OwnerSpeaksUp_TheTruthComesBack()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(5);
        _lan.InjectResponse(VirtualLan.Host(66), Samples.Server(service.FullName, "evil.local"), Samples.Address("evil.local", "10.0.0.66"));
        _lan.Advance(3);
        Assert.Equal("host1.local", Assert.Single(_browser.Instances).HostName.ToString());
    }

    [Fact]
    public void Flood_OfQueries_LeavesAnswersAtTheirRate()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(5);
        int before = _lan.Wire.Count;
        for (int i = 0; i < 1000; i++)
        {
            _lan.Inject(VirtualLan.Host(66), MessageComposer.Query([new DnsQuestion(Samples.TypeName, RecordType.Ptr), new DnsQuestion(service.FullName, RecordType.Any)], [])[0]);
            _lan.Advance(0.01);
        }

        Assert.InRange(_lan.Wire.Skip(before).Count(packet => packet.IsResponse), 5, 40);
        AssertGoodServiceIsFound();
    }

    private void AssertGoodServiceIsFound()
    {
        _lan.Advance(1);
        _lan.StartNode(1).Advertise(Samples.Service("good"));
        _lan.Advance(10);
        Assert.Contains(_browser.Instances, instance => instance.InstanceName == "good");
    }
}
