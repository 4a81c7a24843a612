using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Host;

public sealed class LimitTests : HostTests
{
    [Fact]
    public async Task Connections_AtTheLimit_TheNewOneIsRefused()
    {
        Libp2pHost host = await Hosts.StartAsync(static options => options with { Limits = new ConnectionLimits { MaxConnections = 1 } });
        Libp2pHost first = await Hosts.StartAsync();
        await first.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await first.PingAsync(host.LocalPeer, Limit);
        Libp2pHost second = await Hosts.StartAsync();
        PeerConnection refused = await second.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await refused.Completion.WaitAsync(Limit);
        Assert.Equal(first.LocalPeer, Assert.Single(host.Connections).RemotePeer);
        await Hosts.LoggedAsync(nameof(DropReason.LimitReached), Limit);
    }

    [Fact]
    public async Task Connections_AtTheLimit_AnIdleOldOneMakesRoom()
    {
        ManualTime time = new();
        Libp2pHost host = await Hosts.StartAsync(options => options with { TimeProvider = time, Limits = new ConnectionLimits { MaxConnections = 1 } });
        Libp2pHost first = await Hosts.StartAsync();
        PeerConnection old = await first.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await old.Identified.WaitAsync(Limit);
        PeerConnection idle = await TestHosts.OnlyConnectionAsync(host, Limit);
        await idle.Identified.WaitAsync(Limit);
        while (idle.OpenStreams > 0)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        time.Advance(TimeSpan.FromSeconds(31));
        Libp2pHost second = await Hosts.StartAsync();
        await second.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await second.PingAsync(host.LocalPeer, Limit);
        await old.Completion.WaitAsync(Limit);
    }

    [Fact]
    public async Task Connections_OfOnePeer_AreLimited()
    {
        Libp2pHost host = await Hosts.StartAsync(static options => options with { Limits = new ConnectionLimits { MaxConnectionsPerPeer = 2 } });
        Libp2pHost peer = await Hosts.StartAsync();
        await peer.ConnectAsync(host.Addresses[0], Limit);
        await peer.ConnectAsync(host.Addresses[0], Limit);
        PeerConnection third = await peer.ConnectAsync(host.Addresses[0], Limit);
        await third.Completion.WaitAsync(Limit);
        Assert.Equal(2, host.Connections.Count);
    }

    [Fact]
    public async Task Streams_BeyondTheHostsLimit_AreRefused()
    {
        Libp2pHost host = await Hosts.StartAsync(static options => options with { Limits = new ConnectionLimits { MaxStreamsPerPeer = 4 } });
        host.Handle("/hold/1.0.0", static (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await connection.Identified.WaitAsync(Limit);
        List<ProtocolStream> held = [];
        await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            for (int index = 0; index < 5; index++)
            {
                held.Add(await connection.OpenStreamAsync(["/hold/1.0.0"], Limit));
            }
        });
        Assert.InRange(held.Count, 1, 4);
    }

    [Fact]
    public async Task Handler_ManyFaultsOfOnePeer_DropItsConnection()
    {
        Libp2pHost host = await Hosts.StartAsync(static options => options with { Limits = new ConnectionLimits { MaxFaultsPerConnection = 3 } });
        host.Handle("/strict/1.0.0", static (_, _) => throw new Libp2pException(DropReason.MessageInvalid, "nonsense"));
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        for (int index = 0; index < 4; index++)
        {
            try
            {
                await using ProtocolStream stream = await connection.OpenStreamAsync(["/strict/1.0.0"], Limit);
                await stream.Stream.Input.ReadAsync(Limit);
            }
            catch (Libp2pException)
            {
                // Reset, as often as we ask for it.
            }
        }
        await connection.Completion.WaitAsync(Limit);
        await Hosts.LoggedAsync($"ended: {DropReason.MessageInvalid}", Limit);
    }

    [Fact]
    public async Task Dial_DeadPeer_IsLeftAloneForAWhile()
    {
        ManualTime time = new();
        Libp2pHost host = await Hosts.StartAsync(options => options with { TimeProvider = time });
        using IdentityKey gone = IdentityKey.Generate();
        host.Peers.AddAddresses(gone.PeerId, [Multiaddr.Parse("/memory/999999")]);
        Assert.Equal(DropReason.DialFailed, await ReasonAsync());
        Assert.Equal(DropReason.DialBackOff, await ReasonAsync());
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(DropReason.DialFailed, await ReasonAsync());
        time.Advance(TimeSpan.FromSeconds(1.9)); // The second pause is twice the first.
        Assert.Equal(DropReason.DialBackOff, await ReasonAsync());

        async Task<DropReason> ReasonAsync() => (await Assert.ThrowsAsync<Libp2pException>(() => host.ConnectAsync(gone.PeerId, Limit))).Reason;
    }

    [Fact]
    public async Task Dial_ManyCallersAtOnce_ShareOneConnection()
    {
        Libp2pHost host = await Hosts.StartAsync();
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection[] connections = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => peer.ConnectAsync(TestHosts.AddressOf(host), Limit)));
        Assert.Single(connections.Distinct());
        Assert.Single(peer.Connections);
    }

    [Theory]
    [InlineData("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.250/tcp/9", true)]
    [InlineData("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.3.1/tcp/1", false)]
    [InlineData("/ip6/2001:db8:0:1100::1/tcp/1", "/ip6/2001:db8:0:11ff::2/tcp/1", true)]
    [InlineData("/ip6/2001:db8:0:1100::1/tcp/1", "/ip6/2001:db8:0:1200::1/tcp/1", false)]
    public void AddressRange_GroupsNeighbours(string left, string right, bool isSame) => Assert.Equal(
        isSame, AddressRange.Of(Multiaddr.Parse(left)) == AddressRange.Of(Multiaddr.Parse(right)));

    [Fact]
    public void AddressRange_CountsAgainstItsLimit()
    {
        ConnectionTable table = new(new ConnectionLimits { MaxConnectionsPerAddressRange = 2 }, TimeProvider.System);
        AddressRange? range = AddressRange.Of(Multiaddr.Parse("/ip4/192.0.2.1/tcp/1"));
        Assert.True(table.TryBeginInbound(range));
        Assert.True(table.TryBeginInbound(range));
        Assert.False(table.TryBeginInbound(range));
        Assert.True(table.TryBeginInbound(AddressRange.Of(Multiaddr.Parse("/ip4/198.51.100.1/tcp/1"))));
        table.EndInbound(range, isConnected: false);
        Assert.True(table.TryBeginInbound(range));
        Assert.Null(AddressRange.Of(Multiaddr.Parse("/ip4/127.0.0.1/tcp/1")));
    }

    [Fact]
    public void InterfaceAddresses_OfAWildcard_AreNoWildcards()
    {
        Assert.Equal([Multiaddr.Parse("/ip4/127.0.0.1/tcp/1")], InterfaceAddresses.Expand(Multiaddr.Parse("/ip4/127.0.0.1/tcp/1")));
        List<Multiaddr> expanded = [.. InterfaceAddresses.Expand(Multiaddr.Parse("/ip4/0.0.0.0/tcp/4001"))];
        Assert.NotEmpty(expanded);
        Assert.DoesNotContain(Multiaddr.Parse("/ip4/0.0.0.0/tcp/4001"), expanded);
        Assert.All(expanded, static address => Assert.EndsWith("/tcp/4001", address.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void StreamQuota_IsSharedWithTheParent()
    {
        StreamQuota host = new(3);
        StreamQuota left = new(2, host);
        StreamQuota right = new(2, host);
        Assert.True(left.TryTake() && left.TryTake() && right.TryTake());
        Assert.False(left.TryTake());
        Assert.False(right.TryTake());
        left.Return();
        Assert.True(right.TryTake());
        Assert.Equal(3, host.Taken);
    }
}
