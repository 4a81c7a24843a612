using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Responding;

public sealed class ProbingTests : IAsyncLifetime
{
    private readonly VirtualLan _lan = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _lan.DisposeAsync().AsTask();

    [Fact]
    public void Advertise_QuietLink_ProbesThreeTimesThenAnnouncesTwice()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(0.9);
        Assert.False(service.Announced.IsCompleted && _lan.Wire.Count(packet => packet.IsProbe) < 3);
        _lan.Advance(5);

        List<WirePacket> probes = [.. _lan.Wire.Where(packet => packet.IsProbe)];
        List<TimeSpan> firstProbes = [.. ProbesFor(service.FullName).Select(packet => packet.At)];
        Assert.Equal(3, firstProbes.Count);
        Assert.InRange(firstProbes[0], TimeSpan.Zero, TimeSpan.FromMilliseconds(250));
        Assert.Equal(TimeSpan.FromMilliseconds(250), firstProbes[1] - firstProbes[0]);
        Assert.Equal(TimeSpan.FromMilliseconds(250), firstProbes[2] - firstProbes[1]);
        Assert.All(probes, probe => Assert.All(probe.Message!.Questions, question => Assert.Equal((RecordType.Any, true), (question.Type, question.UnicastResponse))));
        Assert.All(probes.SelectMany(probe => probe.Message!.Authorities), record => Assert.False(record.CacheFlush));

        List<WirePacket> announcements = [.. _lan.Wire.Where(packet => packet.IsResponse && packet.Message!.Answers.Any(r => r.Type == RecordType.Srv))];
        Assert.Equal(2, announcements.Count);
        Assert.Equal(firstProbes[2] + TimeSpan.FromMilliseconds(250), announcements[0].At);
        Assert.Equal(TimeSpan.FromSeconds(1), announcements[1].At - announcements[0].At);
        Assert.True(service.Announced.IsCompleted);
    }

    [Fact]
    public void Advertise_TwentyServicesAtOnce_ShareTheirProbePackets()
    {
        MdnsNode node = _lan.StartNode(1);
        List<AdvertisedService> services = [.. Enumerable.Range(0, 20).Select(i => node.Advertise(Samples.Service($"channel {i}")))];
        _lan.Advance(3);
        Assert.All(services, service => Assert.True(service.Announced.IsCompleted));
        Assert.InRange(_lan.Wire.Count(packet => packet.IsProbe), 3, 12);
    }

    [Fact]
    public void Announcement_Records_HaveTheLivesAndFlagsOfTheRfc()
    {
        _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(3);
        List<DnsRecord> records = [.. _lan.Wire.Where(packet => packet.IsResponse).SelectMany(packet => packet.Records)];
        Assert.All(records.Where(r => r.Type is RecordType.Srv or RecordType.A), r => Assert.Equal((120u, true), (r.TtlSeconds, r.CacheFlush)));
        Assert.All(records.Where(r => r.Type is RecordType.Txt), r => Assert.Equal((4500u, true), (r.TtlSeconds, r.CacheFlush)));
        Assert.All(records.Where(r => r.Type is RecordType.Ptr), r => Assert.Equal((4500u, false), (r.TtlSeconds, r.CacheFlush)));
        Assert.Contains(records, r => r.Type == RecordType.A);
    }

    [Fact]
    public void Probe_PortSharedWithAnotherProgram_AsksForMulticast()
    {
        MdnsNode node = _lan.StartNode(1, out PhaseMesh.Mdns.Network.InMemoryMulticastNetwork network);
        network.SharesPort = true;
        node.Advertise(Samples.Service());
        _lan.Advance(3);
        Assert.All(_lan.Wire.Where(packet => packet.IsProbe), probe => Assert.All(probe.Message!.Questions, q => Assert.False(q.UnicastResponse)));
    }

    [Fact]
    public void Advertise_NameInUse_RenamesAndLeavesTheOwnerAlone()
    {
        AdvertisedService first = _lan.StartNode(1).Advertise(Samples.Service(port: 1));
        _lan.Advance(3);
        AdvertisedService second = _lan.StartNode(2).Advertise(Samples.Service(port: 2));
        _lan.Advance(5);
        Assert.Equal("stable x86_64", first.InstanceName);
        Assert.Equal("stable x86_64 (2)", second.InstanceName);

        // Nothing was announced under the name that was taken.
        Assert.DoesNotContain(_lan.From(2).Where(p => p.IsResponse).SelectMany(p => p.Records), r => r.Name.Equals(first.FullName));
    }

    [Fact]
    public void Advertise_HostNameInUse_RenamesHostAndPointsServicesAtIt()
    {
        _lan.StartNode(1, "same").Advertise(Samples.Service("one"));
        _lan.Advance(3);
        MdnsNode late = _lan.StartNode(2, "same");
        AdvertisedService service = late.Advertise(Samples.Service("two"));
        _lan.Advance(5);
        Assert.Equal("same-2.local", late.HostName.ToString());
        DnsRecord server = _lan.From(2).Last(p => p.IsResponse && p.Has(RecordType.Srv)).Records.Last(r => r.Type == RecordType.Srv);
        Assert.Equal(service.FullName, server.Name);
        Assert.Equal("same-2.local", ((ServiceData)server.Data).Target.ToString());
    }

    [Fact]
    public void Advertise_TwoAtOnce_LaterRecordsWinAndTheLoserRenames()
    {
        // SRV data starts with equal priority and weight, then the port: 9000 is the later one and wins.
        AdvertisedService low = _lan.StartNode(1).Advertise(Samples.Service(port: 80));
        AdvertisedService high = _lan.StartNode(2).Advertise(Samples.Service(port: 9000));
        _lan.Advance(10);
        Assert.Equal("stable x86_64", high.InstanceName);
        Assert.Equal("stable x86_64 (2)", low.InstanceName);
    }

    [Fact]
    public void Advertise_SameNameTwiceOnOneNode_NumbersTheSecondAtOnce()
    {
        MdnsNode node = _lan.StartNode(1);
        node.Advertise(Samples.Service());
        Assert.Equal("stable x86_64 (2)", node.Advertise(Samples.Service()).InstanceName);
    }

    [Fact]
    public void Established_ConflictingAnswer_IsProbedAgainAndKeptWhenUndefended()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(3);
        int before = _lan.Wire.Count;
        _lan.InjectResponse(VirtualLan.Host(66), Samples.Server(service.FullName, "evil.local"));
        _lan.Advance(5);
        Assert.Equal(3, _lan.Wire.Skip(before).Count(packet => packet.IsProbe));
        Assert.Equal("stable x86_64", service.InstanceName);
        Assert.Contains(_lan.Wire.Skip(before), packet => packet.IsResponse && packet.Source.Equals(VirtualLan.Host(1)) && packet.Has(RecordType.Srv));
    }

    [Fact]
    public void Probing_OwnerDefendsEveryName_SlowsDownAfterFifteenConflicts()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        List<TimeSpan> renames = [];
        DnsName last = service.FullName;
        for (int step = 0; step < 4000; step++)
        {
            _lan.Advance(0.01);
            if (_lan.Wire.LastOrDefault(packet => packet.IsProbe)?.At > (renames.Count == 0 ? TimeSpan.MinValue : renames[^1]))
            {
                _lan.InjectResponse(VirtualLan.Host(66), Samples.Server(service.FullName, "evil.local"));
            }

            if (!service.FullName.Equals(last))
            {
                last = service.FullName;
                renames.Add(_lan.Time.Elapsed);
            }
        }

        Assert.InRange(renames.Count, 15, 25);
        Assert.True(renames[^1] - renames[^2] >= TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Probing_IdenticalProbe_IsNoConflict()
    {
        MdnsNode one = _lan.StartNode(1, "twin");
        AdvertisedService service = one.Advertise(Samples.Service());
        _lan.Advance(0.3);
        WirePacket probe = ProbesFor(service.FullName).First();
        _lan.Inject(VirtualLan.Host(2), MessageComposer.Probe(
            probe.Message!.Questions.Select(q => (q, (IReadOnlyList<DnsRecord>)[.. probe.Message.Authorities.Where(r => r.Name.Equals(q.Name))])))[0]);
        _lan.Advance(3);
        Assert.Equal(3, ProbesFor(service.FullName).Count(packet => packet.Source.Equals(VirtualLan.Host(1))));
        Assert.True(service.Announced.IsCompleted);
    }

    private IEnumerable<WirePacket> ProbesFor(DnsName name) => _lan.Wire.Where(packet => packet.IsProbe && packet.Message!.Questions.Any(q => q.Name.Equals(name)));
}
