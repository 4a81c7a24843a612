using System.Buffers;
using System.IO.Pipelines;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Ping;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.Libp2p.Yamux;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>Authenticated peers that abuse the protocols on streams: multistream-select, identify, ping, DHT and fetch.</summary>
public sealed class StreamAbuseTests : HostTests
{
    private const string Kad = "/phase/kad/1.0.0";
    private readonly ManualTime _time = new();

    public static TheoryData<string> Protocols() => [IdentifyService.PushProtocolId, PingService.ProtocolId, Kad, FetchProtocol.Id];

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Protocol_GarbageStreamAfterStream_EndsTheConnection_AndOthersAreServed(string protocol)
    {
        Libp2pHost host = await ServeAllAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        byte[] garbage = [0x21, .. Patterns.Block(49, 1)]; // As a message of 33 bytes or as a ping of 32, with something behind.
        for (int seed = 0; rogue.Muxer.EndMessage is null; seed++)
        {
            Assert.InRange(seed, 0, 100);
            try
            {
                await using MuxedStream stream = await rogue.OpenAsync(protocol, Limit);
                await stream.WriteAsync(garbage, Limit);
                await stream.CloseWriteAsync(Limit);
                await DrainAsync(stream);
            }
            catch (Libp2pException)
            {
                // Reset, or the whole connection given up.
            }
        }
        await AssertServesAsync(host);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Protocol_OversizeMessage_IsRefusedUnread(string protocol)
    {
        Libp2pHost host = await ServeAllAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        if (protocol != PingService.ProtocolId)
        {
            // A megabyte is announced and a part of it sent; the reset comes without waiting for the rest.
            await using MuxedStream stream = await rogue.OpenAsync(protocol, Limit);
            await stream.WriteAsync((byte[])[0x80, 0x80, 0x40, .. new byte[1000]], Limit);
            Assert.Equal(DropReason.RemoteReset, (await Assert.ThrowsAsync<Libp2pException>(() => DrainAsync(stream))).Reason);
        }
        await AssertServesAsync(host);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Protocol_OneByteThenSilence_IsEndedAtTheTimeLimit(string protocol)
    {
        Libp2pHost host = await ServeAllAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await using MuxedStream stream = await rogue.OpenAsync(protocol, Limit);
        await stream.WriteAsync(new byte[] { 0x7f }, Limit);
        Task ended = DrainAsync(stream);
        await UntilAsync(() => ended.IsCompleted);
        await AssertServesAsync(host);
    }

    [Fact]
    public async Task Multistream_StreamWithoutAProposal_IsResetAtTheTimeLimit()
    {
        Libp2pHost host = await ServeAllAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await using MuxedStream silent = await rogue.Muxer.OpenStreamAsync(Limit);
        await using MuxedStream half = await rogue.Muxer.OpenStreamAsync(Limit);
        await half.WriteAsync(MultistreamSelect.Encode(MultistreamSelect.Header).AsMemory(0, 5), Limit);
        Task[] ended = [DrainAsync(silent), DrainAsync(half)];
        await UntilAsync(() => ended.All(static task => task.IsCompleted));
        await Hosts.LoggedAsync("no protocol agreed on", Limit);
    }

    [Fact]
    public async Task Multistream_ProposalsWithoutEnd_AreCutOff()
    {
        Libp2pHost host = await ServeAllAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await using MuxedStream stream = await rogue.Muxer.OpenStreamAsync(Limit);
        byte[] proposals =
        [
            .. MultistreamSelect.Encode(MultistreamSelect.Header),
            .. Enumerable.Range(0, 1000).SelectMany(static index => MultistreamSelect.Encode($"/nothing/{index}")),
        ];
        await stream.WriteAsync(proposals, Limit);
        await Assert.ThrowsAsync<Libp2pException>(() => DrainAsync(stream));
        await AssertServesAsync(host);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("a byte at a time")]
    [InlineData("garbage")]
    [InlineData("oversize")]
    [InlineData("another's key")]
    public async Task Identify_BadAnswer_IsAFault_AndTheConnectionIsOfUseWithoutIt(string answer)
    {
        Libp2pHost host = await ServeAllAsync();
        Libp2pHost victim = await Hosts.StartAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        PeerConnection connection = await TestHosts.OnlyConnectionAsync(host, Limit);
        await using MuxedStream stream = await rogue.AcceptAsync(IdentifyService.ProtocolId, Limit);
        byte[] identity = LengthPrefixed.Frame(new IdentifyInfo { PublicKey = KeyOf(victim), Protocols = [Kad] }.Encode());
        byte[] bytes = answer switch
        {
            "garbage" => [0x10, .. Patterns.Block(16, 2)],
            "oversize" => [0x81, 0x40, .. new byte[8193]],
            "another's key" => identity,
            _ => [],
        };
        await stream.WriteAsync(bytes, Limit);
        Task trickling = answer == "a byte at a time" ? TrickleAsync(stream, identity) : Task.CompletedTask;
        await UntilAsync(() => connection.Identified.IsCompleted);
        Assert.Null(await connection.Identified);
        await Hosts.LoggedAsync("Fault of " + rogue.Id, Limit);
        Assert.Empty(host.Peers.ProtocolsOf(rogue.Id));
        await using MuxedStream ping = await rogue.OpenAsync(PingService.ProtocolId, Limit);
        await ping.WriteAsync(new byte[PingService.PayloadBytes], Limit);
        Assert.Equal(PingService.PayloadBytes, (await ping.Input.ReadAtLeastAsync(PingService.PayloadBytes, Limit)).Buffer.Length);
        await UntilAsync(() => trickling.IsCompleted);
        await trickling;
    }

    [Theory]
    [InlineData(IdentifyService.ProtocolId)]
    [InlineData(PingService.ProtocolId)]
    [InlineData(Kad)]
    [InlineData(FetchProtocol.Id)]
    public async Task Answers_ThatThePeerDoesNotTake_AreGivenUp_WithoutAnErrorOfOurs(string protocol)
    {
        // The peer reads nothing at all: a bulk answer fills the connection, and the small ones wait behind it.
        Libp2pHost host = await ServeAllAsync(new YamuxOptions().KeepAliveTimeout);
        host.Handle(
            "/bulk/1.0.0", async (stream, cancellationToken) => await stream.Stream.WriteAsync(new byte[200_000], cancellationToken));
        byte[] request = protocol switch
        {
            PingService.ProtocolId => new byte[PingService.PayloadBytes],
            Kad => LengthPrefixed.Frame(new KadMessage { Type = KadMessageType.Ping }.Encode()),
            FetchProtocol.Id => LengthPrefixed.Frame(FetchRequest.Manifest().Encode()),
            _ => [],
        };
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await TestHosts.OnlyConnectionAsync(host, Limit);
        await peer.SendAsync([.. Open(1, protocol, request), .. Open(3, "/bulk/1.0.0", []), .. Open(5, protocol, request)], Limit);
        await UntilAsync(() => host.Connections.Count == 0);
        Assert.DoesNotContain(Hosts.Log.Lines, static line => line.StartsWith("Error", StringComparison.Ordinal));

        static byte[] Open(uint id, string name, byte[] bytes)
        {
            byte[] proposal = [.. MultistreamSelect.Encode(MultistreamSelect.Header), .. MultistreamSelect.Encode(name), .. bytes];
            byte[] header = new byte[YamuxFrame.HeaderBytes];
            new YamuxFrame(YamuxType.Data, YamuxFlags.Syn, id, (uint)proposal.Length).Write(header);
            return [.. header, .. proposal];
        }
    }

    // The tests' clock outruns the peers, who answer pings in real time: keep-alive must not be what ends a connection here.
    private async Task<Libp2pHost> ServeAllAsync(TimeSpan? keepAliveTimeout = null)
    {
        TimeSpan patience = keepAliveTimeout ?? TimeSpan.FromDays(30);
        Libp2pHost host = await Hosts.StartAsync(options => options with
        {
            TimeProvider = _time,
            Yamux = options.Yamux with { KeepAliveTimeout = patience },
        });
        KadOptions options = new() { Namespaces = NewestWins.Namespaces, TimeProvider = _time, LoggerFactory = Hosts.Log };
        Hosts.Own(await KademliaDht.StartAsync(host, options));
        FetchServerOptions fetch = new() { TimeProvider = _time, LoggerFactory = Hosts.Log };
        Hosts.Own(FetchServer.Start(host, new Tests.Fetch.MemoryContent(), fetch));
        return host;
    }

    private static Crypto.IdentityPublicKey KeyOf(Libp2pHost host)
    {
        Assert.True(Crypto.IdentityPublicKey.TryFromPeerId(host.LocalPeer, out Crypto.IdentityPublicKey? key));
        return key;
    }

    // One byte per second, for longer than the host waits.
    private async Task TrickleAsync(MuxedStream stream, byte[] bytes)
    {
        try
        {
            foreach (byte one in bytes)
            {
                await stream.WriteAsync(new[] { one }, Limit);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, Limit);
            }
        }
        catch (Libp2pException exception) when (exception.Reason == DropReason.RemoteReset)
        {
            // The host has given up the stream.
        }
    }

    private async Task DrainAsync(MuxedStream stream)
    {
        while (true)
        {
            ReadResult result = await stream.Input.ReadAsync(Limit);
            stream.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private async Task UntilAsync(Func<bool> isDone)
    {
        while (!isDone())
        {
            Limit.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private async Task AssertServesAsync(Libp2pHost host)
    {
        Libp2pHost friend = await Hosts.StartAsync();
        await friend.ConnectAsync(TestHosts.AddressOf(host), Limit);
        Assert.True(await friend.PingAsync(host.LocalPeer, Limit) >= TimeSpan.Zero);
        Assert.DoesNotContain(Hosts.Log.Lines, static line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
