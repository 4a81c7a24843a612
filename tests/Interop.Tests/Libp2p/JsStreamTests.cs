using System.Text;
using System.Text.Json.Nodes;
using PhaseMesh.Libp2p;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>Transport, security, muxing, identify and ping against js-libp2p, in both directions.</summary>
public sealed class JsStreamTests : IAsyncLifetime
{
    private const long BulkBytes = 64 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly JsPeer _js = new();
    private readonly IdentityKey _identity = IdentityKey.Generate();
    private readonly CancellationTokenSource _limit = new(Patience);
    private Libp2pHost _host = null!;
    private Multiaddr _jsAddress = null!;

    private CancellationToken Limit => _limit.Token;

    private string OurAddress => TestProtocols.DialAddress(_host);

    public async Task InitializeAsync()
    {
        await _js.InitializeAsync();
        _jsAddress = Multiaddr.Parse(await _js.StartNodeAsync());
        _host = await TestProtocols.StartHostAsync(_identity);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _js.DisposeAsync();
        _identity.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task WeDial_PingAndIdentify_Agree()
    {
        PeerConnection connection = await _host.ConnectAsync(_jsAddress, Limit);
        Assert.Equal(_jsAddress.Peer, connection.RemotePeer);
        Assert.True(await _host.PingAsync(connection.RemotePeer, Limit) > TimeSpan.Zero);
        IdentifyInfo? info = await connection.Identified.WaitAsync(Limit);
        Assert.NotNull(info);
        Assert.StartsWith("js-libp2p/", info.AgentVersion, StringComparison.Ordinal);
        Assert.Contains(TestProtocols.Echo, info.Protocols);
        Assert.Contains(_jsAddress.WithoutPeer(), info.ListenAddresses.Select(static address => address.WithoutPeer()));
        Assert.Equal(connection.LocalAddress, info.ObservedAddress?.WithoutPeer());
    }

    [Fact]
    public async Task TheyDial_PingAndIdentify_Agree()
    {
        JsonNode dialled = await _js.RunAsync("dial", ("address", OurAddress));
        Assert.Equal(_host.LocalPeer.ToString(), dialled["peer"]!.GetValue<string>());
        Assert.True((await _js.RunAsync("ping", ("address", OurAddress)))["milliseconds"]!.GetValue<double>() >= 0);
        JsonNode info = await _js.RunAsync("identify", ("address", OurAddress));
        Assert.Equal("phasemesh/0.1.0", info["agent"]!.GetValue<string>());
        Assert.Equal("phase/1.0.0", info["protocolVersion"]!.GetValue<string>());
        Assert.Equal(_host.Protocols.Order(), info["protocols"]!.AsArray().Select(static one => one!.GetValue<string>()).Order());
        Assert.Contains(_host.Addresses[0].ToString(), info["addresses"]!.AsArray().Select(static one => one!.GetValue<string>()));
        // Having been dialled, we asked who they are, too.
        IdentifyInfo? asked = await Assert.Single(_host.Connections).Identified.WaitAsync(Limit);
        Assert.StartsWith("js-libp2p/", asked?.AgentVersion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IdentifyPush_ANewProtocol_ReachesThem()
    {
        await _js.RunAsync("dial", ("address", OurAddress));
        Assert.NotNull(await Assert.Single(_host.Connections).Identified.WaitAsync(Limit));
        _host.Handle("/phase/later/1.0.0", static (_, _) => Task.CompletedTask);
        while (true)
        {
            Limit.ThrowIfCancellationRequested();
            JsonNode known = await _js.RunAsync("known", ("peer", _host.LocalPeer.ToString()));
            if (known["protocols"]!.AsArray().Any(static one => one!.GetValue<string>() == "/phase/later/1.0.0"))
            {
                return;
            }
        }
    }

    [Fact]
    public async Task WeDial_64MiB_EachWay_WithTheSameDigest()
    {
        PeerConnection connection = await _host.ConnectAsync(_jsAddress, Limit);
        await using (ProtocolStream sink = await connection.OpenStreamAsync([TestProtocols.Sink], Limit))
        {
            string digest = await Patterns.SendAsync(sink.Stream, BulkBytes, Limit);
            Assert.Equal($"{digest} {BulkBytes}", Encoding.UTF8.GetString(await Patterns.ReadAllAsync(sink.Stream, Limit)));
        }
        await using ProtocolStream source = await connection.OpenStreamAsync([TestProtocols.Source], Limit);
        await source.Stream.WriteAsync(Encoding.UTF8.GetBytes($"{BulkBytes}"), Limit);
        await source.Stream.CloseWriteAsync(Limit);
        (string received, long bytes) = await Patterns.ReceiveAsync(source.Stream, Limit);
        Assert.Equal((JsPattern.Digest(BulkBytes), BulkBytes), (received, bytes));
    }

    [Fact]
    public async Task TheyDial_64MiB_EachWay_WithTheSameDigest()
    {
        JsonNode sent = await _js.RunAsync("send", ("address", OurAddress), ("bytes", BulkBytes));
        Assert.Equal($"{sent["digest"]!.GetValue<string>()} {BulkBytes}", sent["answer"]!.GetValue<string>());
        JsonNode fetched = await _js.RunAsync("fetch", ("address", OurAddress), ("bytes", BulkBytes));
        Assert.Equal(BulkBytes, fetched["bytes"]!.GetValue<long>());
        Assert.Equal(JsPattern.OurDigest(BulkBytes), fetched["digest"]!.GetValue<string>());
    }

    [Fact]
    public async Task WeDial_TwoHundredStreamsAtOnce_EchoTheirOwnBytes()
    {
        PeerConnection connection = await _host.ConnectAsync(_jsAddress, Limit);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async index =>
        {
            await using ProtocolStream stream = await connection.OpenStreamAsync([TestProtocols.Echo], Limit);
            byte[] block = Patterns.Block(5000 + index, index);
            await stream.Stream.WriteAsync(block, Limit);
            await stream.Stream.CloseWriteAsync(Limit);
            Assert.Equal(block, await Patterns.ReadAllAsync(stream.Stream, Limit));
        }));
    }

    [Fact]
    public async Task TheyDial_TwoHundredStreamsAtOnce_EchoTheirOwnBytes()
    {
        JsonNode echoes = await _js.RunAsync("echoes", ("address", OurAddress), ("count", 200));
        Assert.Equal(200, echoes["equal"]!.GetValue<int>());
    }

    [Fact]
    public async Task WeDial_ExpectingAnotherPeer_IsRefused()
    {
        using IdentityKey other = IdentityKey.Generate();
        Libp2pException refused = await Assert.ThrowsAsync<Libp2pException>(
            () => _host.ConnectAsync(_jsAddress.WithPeer(other.PeerId), Limit));
        Assert.Equal(DropReason.PeerIdMismatch, refused.Reason);
    }

    [Fact]
    public async Task WeDial_AProtocolTheyLack_IsRefusedAndTheConnectionLives()
    {
        PeerConnection connection = await _host.ConnectAsync(_jsAddress, Limit);
        Libp2pException refused = await Assert.ThrowsAsync<Libp2pException>(
            () => connection.OpenStreamAsync(["/phase/none/1.0.0", "/phase/neither/1.0.0"], Limit));
        Assert.Equal(DropReason.NegotiationFailed, refused.Reason);
        await using ProtocolStream second = await connection.OpenStreamAsync(["/phase/none/1.0.0", TestProtocols.Echo], Limit);
        Assert.Equal(TestProtocols.Echo, second.Protocol);
    }
}
