using System.Buffers.Binary;
using System.Text;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>Peers that misbehave before they are anybody: the host closes them with the right reason and serves others on.</summary>
public sealed class HandshakeTests : HostTests
{
    public static TheoryData<string, byte[]> Openings() => new()
    {
        { "random", Patterns.Block(4096, 1) },
        { "http", Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: something of more than 71 bytes\r\n\r\n") },
        { "oversize length", [0xff, 0x7f, .. new byte[200]] },
        { "zero length", [0x00] },
        { "no newline", [0x13, .. Encoding.ASCII.GetBytes("/multistream/1.0.0 ")] },
        { "other version", MultistreamSelect.Encode("/multistream/9.0.0") },
        { "no common security", [.. MultistreamSelect.Encode(MultistreamSelect.Header), .. Many("/plaintext/2.0.0", 70)] },
        { "bad UTF-8", [0x03, 0xc3, 0x28, 0x0a] },
    };

    [Theory]
    [MemberData(nameof(Openings))]
    public async Task Host_OpenedWithGarbage_RefusesAndLivesOn(string name, byte[] opening)
    {
        Libp2pHost host = await Hosts.StartAsync();
        IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        await WriteAsync(raw, opening);
        await ReadToEndAsync(raw);
        Assert.True(name.Length > 0);
        await Hosts.LoggedAsync(nameof(DropReason.NegotiationFailed), Limit);
        await AssertServesAsync(host);
    }

    [Fact]
    public async Task Host_PeerSaysNothing_IsDroppedAtTheTimeLimit()
    {
        ManualTime time = new();
        Libp2pHost host = await Hosts.StartAsync(options => options with { TimeProvider = time });
        IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        await PassAsync(time, TimeSpan.FromSeconds(11), ReadToEndAsync(raw));
        await Hosts.LoggedAsync(nameof(DropReason.HandshakeTimeout), Limit);
    }

    [Fact]
    public async Task Host_PeerSendsOneByteAtATime_IsDroppedAtTheTimeLimitAllTheSame()
    {
        ManualTime time = new();
        Libp2pHost host = await Hosts.StartAsync(options => options with { TimeProvider = time });
        IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        byte[] proper = MultistreamSelect.Encode(MultistreamSelect.Header);
        Task ended = ReadToEndAsync(raw);
        for (int index = 0; !ended.IsCompleted; index++)
        {
            Limit.ThrowIfCancellationRequested();
            if (index < proper.Length)
            {
                await WriteAsync(raw, [proper[index]]);
            }
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await Hosts.LoggedAsync(nameof(DropReason.HandshakeTimeout), Limit);
    }

    [Theory]
    [InlineData(31, DropReason.NoiseInvalid)] // Shorter than a key.
    [InlineData(60_000, DropReason.NoiseInvalid)] // Longer than any handshake.
    [InlineData(32, DropReason.NoiseInvalid)] // The zero point, whose secret everybody knows.
    public async Task Host_BadFirstNoiseMessage_IsRefused(int length, DropReason reason)
    {
        Libp2pHost host = await Hosts.StartAsync();
        IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        await MultistreamSelect.ProposeAsync(new StreamIo(raw.Stream), [NoiseHandshake.ProtocolId], Limit);
        byte[] frame = new byte[2 + Math.Min(length, 1000)];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)length);
        await WriteAsync(raw, frame);
        await ReadToEndAsync(raw);
        await Hosts.LoggedAsync(reason.ToString(), Limit);
        await AssertServesAsync(host);
    }

    [Fact]
    public void NoisePayload_SignedByAnotherOrForAnotherStaticKey_IsNotSignedForTheIdentity()
    {
        // What somebody could offer who knows a victim's public key, or has heard one of its handshakes.
        using IdentityKey victim = IdentityKey.Generate();
        using IdentityKey thief = IdentityKey.Generate();
        byte[] staticKey = Patterns.Block(32, 1);
        NoisePayload honest = NoisePayload.Create(victim, staticKey, []);
        NoisePayload stolen = new(honest.IdentityKey, NoisePayload.Create(thief, staticKey, []).Signature, []);

        Assert.True(honest.IsSignedFor(victim.PublicKey, staticKey));
        Assert.False(honest.IsSignedFor(victim.PublicKey, Patterns.Block(32, 2)));
        Assert.False(stolen.IsSignedFor(victim.PublicKey, staticKey));
    }

    [Fact]
    public async Task Listener_WithoutEarlyMuxers_NegotiatesOverMultistream()
    {
        Libp2pHost host = await Hosts.StartAsync();
        IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        StreamIo io = new(raw.Stream);
        using IdentityKey identity = IdentityKey.Generate();
        using NoiseHandshake handshake = new(io, identity, []);
        await using NoiseChannel channel = new(raw.Stream, await handshake.InitiateAsync(host.LocalPeer, Limit));
        Assert.Equal(YamuxFrame.ProtocolId, await MultistreamSelect.ProposeAsync(channel, ["/mplex/6.7.0", YamuxFrame.ProtocolId], Limit));
    }

    [Fact]
    public async Task Dialer_FirstHandshakeMessage_TravelsWithTheProposal()
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using ITransportListener listener = await Hosts.Network.ListenAsync(Multiaddr.Parse("/memory/0"), Limit);
        Task dial = host.ConnectAsync(listener.LocalAddress, Limit);
        await using IByteConnection raw = (IByteConnection)(await listener.AcceptAsync(Limit))!;
        // Both are here before anything was answered, which is a round trip less per connection.
        byte[] proposal = [.. MultistreamSelect.Encode(MultistreamSelect.Header), .. MultistreamSelect.Encode(NoiseHandshake.ProtocolId)];
        byte[] first = new byte[proposal.Length + 2 + NoiseKeyPair.KeyBytes];
        await raw.Stream.ReadExactlyAsync(first, Limit);
        Assert.Equal([.. proposal, 0, NoiseKeyPair.KeyBytes], first[..(proposal.Length + 2)]);
        await raw.DisposeAsync();
        await Assert.ThrowsAsync<Libp2pException>(() => dial);
    }

    [Fact]
    public async Task Listener_OtherMuxersOnly_IsRefused()
    {
        Libp2pHost host = await Hosts.StartAsync();
        IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        StreamIo io = new(raw.Stream);
        using IdentityKey identity = IdentityKey.Generate();
        using NoiseHandshake handshake = new(io, identity, ["/mplex/6.7.0"]);
        await handshake.InitiateAsync(host.LocalPeer, Limit);
        await ReadToEndAsync(raw);
        await Hosts.LoggedAsync("named 1 muxers", Limit);
    }

    [Fact]
    public async Task Host_TooManyHandshakesAtOnce_RefusesTheNewOnesUnheard()
    {
        Libp2pHost host = await Hosts.StartAsync(
            static options => options with { Limits = new ConnectionLimits { MaxPendingInbound = 2 } });
        List<IByteConnection> silent = [];
        for (int index = 0; index < 2; index++)
        {
            silent.Add((IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit));
        }
        // Places are taken in the order of acceptance, so the third is refused.
        IByteConnection third = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        await ReadToEndAsync(third);
        await silent[0].DisposeAsync();
        await Hosts.LoggedAsync(nameof(DropReason.RemoteClose), Limit);
        await AssertServesAsync(host);
    }

    private static byte[] Many(string protocol, int count) =>
        [.. Enumerable.Range(0, count).SelectMany(_ => MultistreamSelect.Encode(protocol))];

    private async Task AssertServesAsync(Libp2pHost host)
    {
        Libp2pHost friend = await Hosts.StartAsync();
        await friend.ConnectAsync(TestHosts.AddressOf(host), Limit);
        Assert.True(await friend.PingAsync(host.LocalPeer, Limit) >= TimeSpan.Zero);
    }

    private async Task PassAsync(ManualTime time, TimeSpan by, Task until)
    {
        while (!until.IsCompleted)
        {
            Limit.ThrowIfCancellationRequested();
            time.Advance(by);
            await Task.Yield();
        }
        await until;
    }

    private async Task WriteAsync(IByteConnection raw, byte[] bytes)
    {
        try
        {
            await raw.Stream.WriteAsync(bytes, Limit);
            await raw.Stream.FlushAsync(Limit);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // The host has closed already, which is the point.
        }
    }

    private async Task ReadToEndAsync(IByteConnection raw)
    {
        byte[] buffer = new byte[4096];
        while (await raw.Stream.ReadAsync(buffer, Limit) > 0)
        {
        }
    }
}
