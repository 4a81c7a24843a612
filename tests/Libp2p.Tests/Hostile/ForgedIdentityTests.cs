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

/// <summary>
/// Whole handshakes, cryptographically sound, of peers that claim to be somebody else: both when they dial and when dialled.
/// </summary>
public sealed class ForgedIdentityTests : HostTests
{
    private static readonly IdentityKey Victim = IdentityKey.FromSeed(Patterns.Block(32, 1));
    private static readonly IdentityKey Thief = IdentityKey.FromSeed(Patterns.Block(32, 2));
    private static readonly string[] Muxers = [YamuxFrame.ProtocolId];

    public static TheoryData<string, DropReason> Forgeries() => new()
    {
        { "the victim's key, signed by the thief's", DropReason.NoiseInvalid },
        { "the victim's payload of another handshake", DropReason.NoiseInvalid },
        { "a signature of another length", DropReason.NoiseInvalid },
        { "no signature", DropReason.NoiseInvalid },
        { "no key", DropReason.NoiseInvalid },
        { "a key of another kind", DropReason.UnsupportedKey },
        { "the victim's key in another encoding", DropReason.UnsupportedKey },
        { "nothing at all", DropReason.NoiseInvalid },
        { "garbage", DropReason.NoiseInvalid },
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Listener_ForgedDialer_IsRefused(string forgery, DropReason reason)
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using IByteConnection raw = (IByteConnection)await Hosts.Network.DialAsync(host.Addresses[0], Limit);
        StreamIo io = new(raw.Stream);
        await MultistreamSelect.ProposeAsync(io, [NoiseHandshake.ProtocolId], Limit);
        using ForgedHandshake handshake = new(io, staticKey => Payload(forgery, staticKey));
        await handshake.InitiateAsync(Limit);
        Assert.Equal(0, await raw.Stream.ReadAsync(new byte[100], Limit)); // Closed, with nothing said.
        await Hosts.LoggedAsync($"refused: {reason}", Limit);
        Assert.Empty(host.Connections);
        await AssertServesAsync(host);
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Dialer_ForgedListener_IsRefused(string forgery, DropReason reason)
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using ITransportListener listener = await Hosts.Network.ListenAsync(Multiaddr.Parse("/memory/0"), Limit);
        Task rogue = AnswerAsync(listener, staticKey => Payload(forgery, staticKey));
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(
            () => host.ConnectAsync(listener.LocalAddress.WithPeer(Victim.PeerId), Limit));
        await rogue;
        Assert.Equal(reason, exception.Reason);
        Assert.Empty(host.Connections);
    }

    [Fact]
    public async Task Dialer_HonestListenerOfAnotherIdentity_IsRefusedByName()
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using ITransportListener listener = await Hosts.Network.ListenAsync(Multiaddr.Parse("/memory/0"), Limit);
        Task rogue = AnswerAsync(listener, static staticKey => NoisePayload.Create(Thief, staticKey, Muxers).Encode());
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(
            () => host.ConnectAsync(listener.LocalAddress.WithPeer(Victim.PeerId), Limit));
        await rogue;
        Assert.Equal(DropReason.PeerIdMismatch, exception.Reason);
        Assert.Contains(Victim.PeerId.ToString(), exception.Message, StringComparison.Ordinal);
        Assert.Contains(Thief.PeerId.ToString(), exception.Message, StringComparison.Ordinal);
        Assert.False(host.IsConnected(Thief.PeerId) || host.IsConnected(Victim.PeerId));
    }

    private static byte[] Payload(string forgery, byte[] staticKey)
    {
        NoisePayload honest = NoisePayload.Create(Victim, staticKey, Muxers);
        return forgery switch
        {
            "the victim's key, signed by the thief's" =>
                new NoisePayload(honest.IdentityKey, NoisePayload.Create(Thief, staticKey, []).Signature, Muxers).Encode(),
            "the victim's payload of another handshake" => NoisePayload.Create(Victim, Patterns.Block(32, 3), Muxers).Encode(),
            "a signature of another length" => new NoisePayload(honest.IdentityKey, honest.Signature[..63], Muxers).Encode(),
            "no signature" => new NoisePayload(honest.IdentityKey, [], Muxers).Encode(),
            "no key" => new NoisePayload([], honest.Signature, Muxers).Encode(),
            // Secp256k1 is type 2; the bytes behind it do not matter.
            "a key of another kind" => new NoisePayload([0x08, 0x02, .. honest.IdentityKey[2..]], honest.Signature, Muxers).Encode(),
            // The same key with its type in a longer varint would hash to another peer id.
            "the victim's key in another encoding" =>
                new NoisePayload([0x08, 0x81, 0x00, .. honest.IdentityKey[2..]], honest.Signature, Muxers).Encode(),
            "nothing at all" => [],
            _ => Patterns.Block(200, 4),
        };
    }

    private async Task AnswerAsync(ITransportListener listener, Func<byte[], byte[]> payload)
    {
        await using IByteConnection raw = (IByteConnection)(await listener.AcceptAsync(Limit))!;
        StreamIo io = new(raw.Stream);
        await MultistreamSelect.AnswerAsync(io, static protocol => protocol == NoiseHandshake.ProtocolId, Limit);
        using ForgedHandshake handshake = new(io, payload);
        await handshake.RespondAsync(Limit);
        while (await raw.Stream.ReadAsync(new byte[1000], Limit) > 0)
        {
        }
    }

    private async Task AssertServesAsync(Libp2pHost host)
    {
        Libp2pHost friend = await Hosts.StartAsync();
        await friend.ConnectAsync(TestHosts.AddressOf(host), Limit);
        Assert.True(await friend.PingAsync(host.LocalPeer, Limit) >= TimeSpan.Zero);
    }
}
