using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Browsing;

public sealed class BrowserTests : IAsyncLifetime
{
    private readonly VirtualLan _lan = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _lan.DisposeAsync().AsTask();

    [Fact]
    public void Browse_ServiceOnTheLan_IsResolvedWithinATenthOfASecond()
    {
        _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(10);
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        _lan.Advance(0.15);

        ServiceInstance found = Assert.Single(browser.Instances);
        Assert.Equal("stable x86_64", found.InstanceName);
        Assert.Equal("host1.local", found.HostName.ToString());
        Assert.Equal(8080, found.Port);
        Assert.Equal("10.0.0.1", Assert.Single(found.Addresses).ToString());
        Assert.Equal("7", found.Text["release"]);
        Assert.Equal((1, "lan1"), (found.LinkIndex, found.LinkName));
    }

    [Fact]
    public void Browse_NobodyAnswers_AsksAfter1And2And4SecondsUpToAnHour()
    {
        _lan.StartNode(1).Browse(Samples.Type);
        _lan.Advance(3600 * 6);
        List<WirePacket> queries = [.. _lan.Wire.Where(packet => packet.IsQuery)];
        Assert.True(queries[0].Message!.Questions[0].UnicastResponse);
        Assert.All(queries.Skip(1), query => Assert.False(query.Message!.Questions[0].UnicastResponse));
        Assert.Equal(TimeSpan.Zero, queries[0].At);
        double[] gaps = [.. queries.Zip(queries.Skip(1), (a, b) => (b.At - a.At).TotalSeconds)];
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600], gaps.Take(15));
    }

    [Fact]
    public void Browse_PortSharedWithAnotherProgram_NeverAsksForUnicast()
    {
        MdnsNode node = _lan.StartNode(1, out InMemoryMulticastNetwork network);
        network.SharesPort = true;
        node.Browse(Samples.Type);
        _lan.Advance(10);
        Assert.All(_lan.Wire, packet => Assert.False(packet.Message!.Questions[0].UnicastResponse));
    }

    [Fact]
    public void Query_InstancesAlreadyKnown_AreListedSoThatOwnersStaySilent()
    {
        _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(10);
        _lan.StartNode(2).Browse(Samples.Type);
        _lan.Advance(0.5);
        int before = _lan.Wire.Count;
        _lan.Advance(1);
        WirePacket query = _lan.Wire.Skip(before).Single();
        DnsRecord known = Assert.Single(query.Message!.Answers);
        Assert.Equal(RecordType.Ptr, known.Type);
        Assert.InRange(known.TtlSeconds, 4490u, 4500u);
    }

    [Fact]
    public void Records_InSeparatePackets_AreAskedForOneByOne()
    {
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        DnsRecord[] parts = Samples.Announcement("apart", "other.local", "10.0.0.66");
        _lan.InjectResponse(VirtualLan.Host(66), parts[0]);
        _lan.Advance(0.1);
        Assert.Equal([RecordType.Srv, RecordType.Txt], LastQuestions().Order().Reverse());
        _lan.InjectResponse(VirtualLan.Host(66), parts[1]);
        _lan.Advance(0.1);
        Assert.Equal([RecordType.A, RecordType.Aaaa], LastQuestions().Order());
        _lan.InjectResponse(VirtualLan.Host(66), parts[3], parts[2]);
        _lan.Advance(0.1);
        Assert.Single(browser.Instances);

        // Resolved: only the browse itself goes on.
        _lan.Advance(20);
        Assert.Equal([RecordType.Ptr], LastQuestions());

        IEnumerable<RecordType> LastQuestions() => _lan.Wire.Last(packet => packet.IsQuery).Message!.Questions.Select(q => q.Type);
    }

    [Fact]
    public void Goodbye_Instance_IsGoneAfterASecond()
    {
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        DnsRecord[] records = Samples.Announcement("brief", "other.local", "10.0.0.66");
        _lan.InjectResponse(VirtualLan.Host(66), records);
        _lan.Advance(0.1);
        _lan.InjectResponse(VirtualLan.Host(66), records[0] with { TtlSeconds = 0 });
        _lan.Advance(0.5);
        Assert.Single(browser.Instances);
        _lan.Advance(1);
        Assert.Empty(browser.Instances);
    }

    [Fact]
    public async Task Owner_Dies_InstanceGoesWhenItsServerRecordRunsOutAfterFourQuestions()
    {
        MdnsNode owner = _lan.StartNode(1);
        owner.Advertise(Samples.Service());
        MdnsNode asker = _lan.StartNode(2);
        ServiceBrowser browser = asker.Browse(Samples.Type);
        _lan.Advance(5);
        TimeSpan lastHeard = _lan.From(1).Last(packet => packet.Has(RecordType.Srv)).At;
        _lan.IsLost = packet => packet.Source.Equals(VirtualLan.Host(1));
        int before = _lan.Wire.Count;
        _lan.Time.Advance(lastHeard + TimeSpan.FromSeconds(119) - _lan.Time.Elapsed);
        Assert.Single(browser.Instances);
        double[] asked = [.. _lan.Wire.Skip(before)
            .Where(packet => packet.IsQuery && packet.Message!.Questions.Any(q => q.Type == RecordType.Srv))
            .Select(packet => (packet.At - lastHeard).TotalSeconds / 120)];
        Assert.Equal(4, asked.Length);
        Assert.All(asked.Zip([0.80, 0.85, 0.90, 0.95]), pair => Assert.InRange(pair.First, pair.Second, pair.Second + 0.021));
        _lan.Advance(2);
        Assert.Empty(browser.Instances);
        await owner.DisposeAsync();
    }

    [Fact]
    public void Owner_Alive_InstanceStaysForDaysOnRefreshes()
    {
        _lan.StartNode(1).Advertise(Samples.Service());
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        _lan.Advance(5);
        for (int minute = 0; minute < 60 * 24; minute++)
        {
            _lan.Advance(60);
            Assert.Single(browser.Instances);
        }
    }

    [Fact]
    public void CacheFlush_NewText_ReplacesTheOldAtOnce()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service(release: "7"));
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        _lan.Advance(5);
        service.UpdateText(Samples.Text("8"));
        _lan.Advance(0.1);
        Assert.Equal("8", Assert.Single(browser.Instances).Text["release"]);
        _lan.Advance(10);
        Assert.Equal("8", Assert.Single(browser.Instances).Text["release"]);
    }

    [Fact]
    public void AddressChange_OldAddress_GoesWithinTwoSeconds()
    {
        _lan.StartNode(1, out InMemoryMulticastNetwork network).Advertise(Samples.Service());
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        _lan.Advance(5);
        network.Connect(_lan.Lan, VirtualLan.Link(77));
        _lan.Advance(2.5);
        Assert.Equal("10.0.0.77", Assert.Single(Assert.Single(browser.Instances).Addresses).ToString());
    }

    [Fact]
    public void LinkLocalAddress_CarriesTheLinkAsScope()
    {
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        _lan.InjectResponse(
            VirtualLan.Host(66), [.. Samples.Announcement("six", "six.local", "10.0.0.66"), Samples.Address("six.local", "fe80::66"), Samples.Address("six.local", "fd00::66")]);
        _lan.Advance(0.1);
        Assert.Equal(["10.0.0.66", "fd00::66", "fe80::66%1"], Assert.Single(browser.Instances).Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public void Link_GoesAway_ItsInstancesGoWithIt()
    {
        _lan.StartNode(1).Advertise(Samples.Service());
        ServiceBrowser browser = _lan.StartNode(2, out InMemoryMulticastNetwork network).Browse(Samples.Type);
        _lan.Advance(5);
        network.Disconnect(1);
        Assert.Empty(browser.Instances);
        network.Connect(_lan.Lan, VirtualLan.Link(2));
        _lan.Advance(0.5);
        Assert.Single(browser.Instances);
    }

    [Fact]
    public void Browse_SubType_FindsOnlyItsInstances()
    {
        MdnsNode owner = _lan.StartNode(1);
        owner.Advertise(Samples.Service("stable one") with { SubTypes = ["_stable"] });
        owner.Advertise(Samples.Service("testing one") with { SubTypes = ["_testing"] });
        MdnsNode asker = _lan.StartNode(2);
        ServiceBrowser all = asker.Browse(Samples.Type);
        ServiceBrowser stable = asker.Browse(Samples.Type, "_stable");
        _lan.Advance(5);
        Assert.Equal(2, all.Instances.Count);
        Assert.Equal("stable one", Assert.Single(stable.Instances).InstanceName);
    }

    [Fact]
    public async Task Dispose_LastBrowserOfAType_ForgetsItsRecords()
    {
        _lan.StartNode(1).Advertise(Samples.Service());
        MdnsNode asker = _lan.StartNode(2);
        ServiceBrowser browser = asker.Browse(Samples.Type);
        ServiceBrowser second = asker.Browse(Samples.Type);
        _lan.Advance(5);
        Assert.Single(second.Instances);
        await browser.DisposeAsync();
        _lan.Advance(1);
        Assert.True(asker.CachedRecords > 0);
        await second.DisposeAsync();
        _lan.Advance(1);
        Assert.Equal(0, asker.CachedRecords);
        int before = _lan.Wire.Count;
        _lan.Advance(10_000);
        Assert.Equal(before, _lan.Wire.Count);
    }

    [Fact]
    public async Task WatchAsync_AddUpdateRemove_AreToldInOrderAndTheStreamEnds()
    {
        MdnsNode owner = _lan.StartNode(1);
        ServiceBrowser browser = _lan.StartNode(2).Browse(Samples.Type);
        await using IAsyncEnumerator<ServiceChange> changes = browser.WatchAsync().GetAsyncEnumerator();
        Task<bool> next = changes.MoveNextAsync().AsTask();

        AdvertisedService service = owner.Advertise(Samples.Service(release: "7"));
        _lan.Advance(5);
        Assert.True(await next);
        Assert.Equal((ServiceChangeKind.Added, "7"), (changes.Current.Kind, changes.Current.Instance.Text["release"]));

        next = changes.MoveNextAsync().AsTask();
        service.UpdateText(Samples.Text("8"));
        _lan.Advance(5);
        Assert.True(await next);
        Assert.Equal((ServiceChangeKind.Updated, "8"), (changes.Current.Kind, changes.Current.Instance.Text["release"]));

        next = changes.MoveNextAsync().AsTask();
        await service.DisposeAsync();
        _lan.Advance(5);
        Assert.True(await next);
        Assert.Equal(ServiceChangeKind.Removed, changes.Current.Kind);

        next = changes.MoveNextAsync().AsTask();
        await browser.DisposeAsync();
        Assert.False(await next);
    }
}
