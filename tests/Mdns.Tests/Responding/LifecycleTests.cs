using System.Net;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Responding;

public sealed class LifecycleTests : IAsyncLifetime
{
    private readonly VirtualLan _lan = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _lan.DisposeAsync().AsTask();

    [Fact]
    public async Task DisposeService_OneOfTwo_SaysGoodbyeToItsOwnRecordsOnly()
    {
        MdnsNode node = _lan.StartNode(1);
        AdvertisedService leaving = node.Advertise(Samples.Service("leaving"));
        node.Advertise(Samples.Service("staying"));
        _lan.Advance(5);
        DnsName name = leaving.FullName;
        await leaving.DisposeAsync();

        WirePacket goodbye = _lan.Wire[^1];
        Assert.True(goodbye.IsGoodbye);
        Assert.Equal([RecordType.Srv, RecordType.Txt, RecordType.Ptr], goodbye.Message!.Answers.Select(r => r.Type));
        Assert.All(goodbye.Message.Answers, r => Assert.True(r.Name.Equals(name) || r.Data.Equals(new PointerData(name))));
        _lan.Advance(3);
        Assert.Empty(_lan.Ask(VirtualLan.Host(9), new DnsQuestion(name, RecordType.Srv)));
    }

    [Fact]
    public async Task DisposeNode_EveryRecord_IsTakenBack()
    {
        MdnsNode node = _lan.StartNode(1);
        node.Advertise(Samples.Service());
        _lan.Advance(5);
        await node.DisposeAsync();
        HashSet<RecordType> gone = [.. _lan.Wire.Where(packet => packet.IsGoodbye).SelectMany(packet => packet.Message!.Answers).Select(r => r.Type)];
        Assert.Equal([RecordType.A, RecordType.Ptr, RecordType.Txt, RecordType.Srv], gone.Order());
        int sent = _lan.Wire.Count;
        _lan.Advance(100);
        Assert.Equal(sent, _lan.Wire.Count);
    }

    [Fact]
    public void UpdateText_Established_AnnouncesTheNewTextTwiceWithoutProbing()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service(release: "7"));
        _lan.Advance(5);
        int before = _lan.Wire.Count;
        service.UpdateText(Samples.Text("8"));
        _lan.Advance(5);
        List<DnsRecord> texts = [.. _lan.Wire.Skip(before).SelectMany(packet => packet.Message!.Answers).Where(r => r.Type == RecordType.Txt)];
        Assert.Equal(2, texts.Count);
        Assert.All(texts, r => Assert.Equal("8", ((TextData)r.Data).Text["release"]));
        Assert.DoesNotContain(_lan.Wire.Skip(before), packet => packet.IsProbe);
    }

    [Fact]
    public void UpdateText_HundredTimesInASecond_GoesOutOncePerSecond()
    {
        AdvertisedService service = _lan.StartNode(1).Advertise(Samples.Service());
        _lan.Advance(5);
        int before = _lan.Wire.Count;
        for (int i = 0; i < 100; i++)
        {
            service.UpdateText(Samples.Text($"{i}"));
            _lan.Advance(0.01);
        }

        _lan.Advance(5);
        List<WirePacket> sent = [.. _lan.Wire.Skip(before)];
        Assert.InRange(sent.Count, 2, 4);
        Assert.Equal("99", ((TextData)sent[^1].Message!.Answers.First(r => r.Type == RecordType.Txt).Data).Text["release"]);
    }

    [Fact]
    public void Link_ComesUpLater_IsProbedAndAnnouncedOnItsOwn()
    {
        var network = new InMemoryMulticastNetwork();
        MdnsNode node = MdnsNode.Start(new MdnsOptions { HostName = "late", Random = new Random(1) }, network, _lan.Time);
        AdvertisedService service = node.Advertise(Samples.Service());
        _lan.Advance(5);
        Assert.False(service.Announced.IsCompleted);
        network.Connect(_lan.Lan, VirtualLan.Link(3));
        _lan.Advance(3);
        Assert.True(service.Announced.IsCompleted);
        Assert.Equal(3, _lan.Wire.Count(packet => packet.IsProbe && packet.Message!.Questions.Any(q => q.Name.Equals(service.FullName))));
    }

    [Fact]
    public void Link_AddressChanges_AnnouncesTheNewAddress()
    {
        MdnsNode node = _lan.StartNode(1, out InMemoryMulticastNetwork network);
        node.Advertise(Samples.Service());
        _lan.Advance(5);
        int before = _lan.Wire.Count;
        network.Connect(_lan.Lan, VirtualLan.Link(77));
        _lan.Advance(3);
        DnsRecord address = _lan.Wire.Skip(before).SelectMany(packet => packet.Message!.Answers).First(r => r.Type == RecordType.A);
        Assert.Equal(new AddressData(IPAddress.Parse("10.0.0.77")), address.Data);
        Assert.True(address.CacheFlush);
    }

    [Fact]
    public void Link_GoesAway_NothingIsSentThereAnyMore()
    {
        MdnsNode node = _lan.StartNode(1, out InMemoryMulticastNetwork network);
        node.Advertise(Samples.Service());
        _lan.Advance(0.5);
        network.Disconnect(1);
        int before = _lan.Wire.Count;
        _lan.Advance(10);
        Assert.Equal(before, _lan.Wire.Count);
        Assert.Empty(node.Links);
    }

    [Fact]
    public void Node_ThatOnlyBrowses_AnnouncesNothing()
    {
        _lan.StartNode(1).Browse(Samples.Type);
        _lan.Advance(100);
        Assert.All(_lan.Wire, packet => Assert.True(packet.IsQuery));
    }

    [Fact]
    public void Start_BadOptions_NamesEveryOne()
    {
        var options = new MdnsOptions { HostName = "", MaxServices = 0, MaxInstancesPerLink = 0, MaxPacketsPerSecondPerSource = -1, MaxPacketsPerSecondPerLink = 0 };
        string message = Assert.Throws<ArgumentException>(() => MdnsNode.Start(options, new InMemoryMulticastNetwork(), _lan.Time)).Message;
        Assert.All(["HostName", "MaxServices", "MaxInstancesPerLink", "PerSource", "PerLink"], name => Assert.Contains(name, message));
    }

    [Theory]
    [InlineData("phase-image._tcp", "name")]
    [InlineData("_phase-image", "name")]
    [InlineData("_phase-image._sctp", "name")]
    [InlineData("_a-name-of-seventeen._tcp", "name")]
    [InlineData("_phase-image._tcp", "")]
    public void Advertise_BadNames_AreRefused(string type, string name)
    {
        MdnsNode node = _lan.StartNode(1);
        Assert.Throws<FormatException>(() => node.Advertise(Samples.Service() with { ServiceType = type, InstanceName = name }));
    }

    [Fact]
    public void Advertise_MoreThanAllowed_IsRefused()
    {
        MdnsNode node = _lan.StartNode(1, options: new MdnsOptions { MaxServices = 1 });
        node.Advertise(Samples.Service("one"));
        Assert.Contains("two", Assert.Throws<InvalidOperationException>(() => node.Advertise(Samples.Service("two"))).Message);
    }

    [Fact]
    public void Rename_LongName_IsCutAtAWholeCharacter()
    {
        // 31 x 2 bytes leave one; "(12)" and its space need five, so 29 stay.
        Assert.Equal(new string('é', 29) + " (12)", NameSuffix.ForService(new string('é', 31), 12));
        Assert.Equal(new string('é', 30) + "-2", NameSuffix.ForHost(new string('é', 31), 2));
    }
}
