using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Host;

/// <summary>
/// Turns a plain byte stream into an authenticated, multiplexed connection:
/// 1 multistream-select of /noise, 2 the Noise handshake, 3 the muxer: named inside the handshake, or by multistream-select for peers
/// that name none.
/// https://github.com/libp2p/specs/blob/master/connections/inlined-muxer-negotiation.md
/// </summary>
internal sealed class ConnectionUpgrader(IdentityKey identity)
{
    private static readonly string[] Muxers = [YamuxFrame.ProtocolId];

    public async ValueTask<ISecureMuxedConnection> UpgradeAsync(
        IByteConnection raw, bool isDialer, PeerId? expected, Func<PeerId, YamuxOptions> options, CancellationToken cancellationToken)
    {
        // 1: the dialer's proposal carries its first handshake message.
        StreamIo io = new(raw.Stream);
        if (!isDialer)
        {
            await MultistreamSelect.AnswerAsync(io, static protocol => protocol == NoiseHandshake.ProtocolId, cancellationToken);
        }

        // 2
        using NoiseHandshake handshake = new(io, identity, Muxers);
        NoiseResult result = isDialer
            ? await handshake.InitiateAsync(expected, cancellationToken)
            : await handshake.RespondAsync(expected, cancellationToken);
        NoiseChannel channel = new(raw.Stream, result);
        try
        {
            // 3
            await AgreeOnMuxerAsync(channel, result, isDialer, cancellationToken);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
        return new UpgradedConnection(raw, result.RemotePeer, new YamuxSession(channel, isDialer, options(result.RemotePeer)));
    }

    private static async ValueTask AgreeOnMuxerAsync(
        NoiseChannel channel, NoiseResult result, bool isDialer, CancellationToken cancellationToken)
    {
        if (result.RemoteMuxers.Count > 0)
        {
            if (!result.RemoteMuxers.Contains(YamuxFrame.ProtocolId))
            {
                throw new Libp2pException(
                    DropReason.NegotiationFailed,
                    $"{result.RemotePeer} named {result.RemoteMuxers.Count} muxers, but not {YamuxFrame.ProtocolId}.");
            }
        }
        else if (isDialer)
        {
            await MultistreamSelect.ProposeAsync(channel, Muxers, cancellationToken);
        }
        else
        {
            await MultistreamSelect.AnswerAsync(channel, static protocol => protocol == YamuxFrame.ProtocolId, cancellationToken);
        }
    }

    private sealed class UpgradedConnection(IRawConnection raw, PeerId remotePeer, IMuxer muxer) : ISecureMuxedConnection
    {
        public Multiaddr LocalAddress => raw.LocalAddress;

        public Multiaddr RemoteAddress => raw.RemoteAddress;

        public PeerId RemotePeer => remotePeer;

        public IMuxer Muxer => muxer;

        public async ValueTask DisposeAsync()
        {
            await muxer.DisposeAsync();
            await raw.DisposeAsync();
        }
    }
}
