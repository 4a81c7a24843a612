using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Tests.Host;

public sealed class IdentifyPingTests : HostTests
{
    [Fact]
    public async Task Connect_BothSidesLearnWhoTheOtherIs_AndHearOfNewProtocols()
    {
        Libp2pHost left = await Hosts.StartAsync();
        Libp2pHost right = await Hosts.StartAsync();
        TaskCompletionSource<IdentifyInfo> pushed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        left.PeerIdentified += (_, info) =>
        {
            if (info.Protocols.Contains("/new/1.0.0"))
            {
                pushed.TrySetResult(info);
            }
        };
        PeerConnection connection = await left.ConnectAsync(TestHosts.AddressOf(right), Limit);
        IdentifyInfo? info = await connection.Identified.WaitAsync(Limit);
        Assert.Equal("phasemesh/0.1.0", info?.AgentVersion);
        Assert.Equal(right.Addresses.AsEnumerable(), info!.ListenAddresses);
        IdentifyInfo? back = await (await TestHosts.OnlyConnectionAsync(right, Limit)).Identified.WaitAsync(Limit);
        Assert.Equal(left.Addresses.AsEnumerable(), back!.ListenAddresses);
        Assert.Equal(left.Addresses.AsEnumerable(), right.Peers.AddressesOf(left.LocalPeer));
        right.Handle("/new/1.0.0", static (_, _) => Task.CompletedTask);
        await pushed.Task.WaitAsync(Limit);
        Assert.Contains("/new/1.0.0", left.Peers.ProtocolsOf(right.LocalPeer));
    }

    [Fact]
    public async Task Identify_PushOfAnotherIdentity_IsAFaultAndNotBelieved()
    {
        Libp2pHost host = await Hosts.StartAsync();
        Libp2pHost liar = await Hosts.StartAsync();
        PeerConnection connection = await liar.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await (await TestHosts.OnlyConnectionAsync(host, Limit)).Identified.WaitAsync(Limit);
        using IdentityKey other = IdentityKey.Generate();
        byte[] lie = new IdentifyInfo { PublicKey = other.PublicKey, ListenAddresses = [Multiaddr.Parse("/memory/666")] }.Encode();
        await using ProtocolStream stream = await connection.OpenStreamAsync([IdentifyService.PushProtocolId], Limit);
        await LengthPrefixed.WriteAsync(stream.Stream, lie, Limit);
        await Hosts.LoggedAsync("refusing its identify", Limit);
        Assert.DoesNotContain(Multiaddr.Parse("/memory/666"), host.Peers.AddressesOf(liar.LocalPeer));
        Assert.Empty(host.Peers.AddressesOf(other.PeerId));
    }

    [Fact]
    public async Task Identify_OversizePush_IsAFault()
    {
        Libp2pHost host = await Hosts.StartAsync();
        Libp2pHost liar = await Hosts.StartAsync();
        PeerConnection connection = await liar.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await using ProtocolStream stream = await connection.OpenStreamAsync([IdentifyService.PushProtocolId], Limit);
        await LengthPrefixed.WriteAsync(stream.Stream, new byte[IdentifyInfo.MaxBytes + 1], Limit);
        await Hosts.LoggedAsync($"at most {IdentifyInfo.MaxBytes}", Limit);
    }

    [Fact]
    public async Task Ping_ManyOnOneStream_AllComeBack_ACutOneIsAFault()
    {
        Libp2pHost host = await Hosts.StartAsync();
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await using ProtocolStream stream = await connection.OpenStreamAsync(["/ipfs/ping/1.0.0"], Limit);
        byte[] echo = new byte[32];
        for (int index = 0; index < 100; index++)
        {
            byte[] sent = Patterns.Block(32, index);
            await stream.Stream.WriteAsync(sent, Limit);
            await new MuxedStreamIo(stream.Stream).ReadExactlyAsync(echo, Limit);
            Assert.Equal(sent, echo);
        }
        await stream.Stream.WriteAsync(new byte[31], Limit);
        await stream.Stream.CloseWriteAsync(Limit);
        await Hosts.LoggedAsync("cut short", Limit);
    }

    [Fact]
    public async Task Ping_SilentStream_IsClosedAfterTwoMinutes()
    {
        ManualTime time = new();
        Libp2pHost host = await Hosts.StartAsync(options => options with
        {
            TimeProvider = time,
            Yamux = options.Yamux with { KeepAliveInterval = TimeSpan.FromHours(1), KeepAliveTimeout = TimeSpan.FromHours(1) },
        });
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await using ProtocolStream stream = await connection.OpenStreamAsync(["/ipfs/ping/1.0.0"], Limit);
        Task reading = stream.Stream.Input.ReadAsync(Limit).AsTask();
        while (!reading.IsCompleted)
        {
            Limit.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }
        await Assert.ThrowsAsync<Libp2pException>(() => reading);
    }

    [Fact]
    public async Task Dispose_EndsEveryConnectionAndTask()
    {
        Libp2pHost left = await Hosts.StartAsync();
        Libp2pHost right = await Hosts.StartAsync();
        PeerConnection connection = await left.ConnectAsync(TestHosts.AddressOf(right), Limit);
        await right.DisposeAsync();
        await connection.Completion.WaitAsync(Limit);
        Assert.False(left.IsConnected(right.LocalPeer));
        await Assert.ThrowsAsync<Libp2pException>(() => left.ConnectAsync(TestHosts.AddressOf(right), Limit));
    }
}
