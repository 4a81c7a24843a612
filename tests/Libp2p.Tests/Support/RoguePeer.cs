using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>
/// A peer that follows the rules up to its muxer and speaks on its streams whatever the test wants. It serves nothing by itself.
/// </summary>
internal sealed class RoguePeer(ISecureMuxedConnection connection, PeerId id) : IAsyncDisposable
{
    public PeerId Id => id;

    public IMuxer Muxer => connection.Muxer;

    public static async Task<RoguePeer> DialAsync(ITransport transport, Multiaddr address, CancellationToken cancellationToken)
    {
        IByteConnection raw = (IByteConnection)await transport.DialAsync(address, cancellationToken);
        using IdentityKey identity = IdentityKey.Generate();
        return new RoguePeer(
            await new ConnectionUpgrader(identity).UpgradeAsync(raw, true, null, static _ => new YamuxOptions(), cancellationToken),
            identity.PeerId);
    }

    /// <summary>A stream on which the protocol is agreed.</summary>
    public async Task<MuxedStream> OpenAsync(string protocol, CancellationToken cancellationToken)
    {
        MuxedStream stream = await Muxer.OpenStreamAsync(cancellationToken);
        await MultistreamSelect.ProposeAsync(new MuxedStreamIo(stream), [protocol], cancellationToken);
        return stream;
    }

    /// <summary>The stream that the other side opens in that protocol, which is then agreed on; others are left lying.</summary>
    public async Task<MuxedStream> AcceptAsync(string protocol, CancellationToken cancellationToken)
    {
        while (true)
        {
            MuxedStream stream = (await Muxer.AcceptStreamAsync(cancellationToken))!;
            if (await MultistreamSelect.AnswerAsync(new MuxedStreamIo(stream), _ => true, cancellationToken) == protocol)
            {
                return stream;
            }
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
