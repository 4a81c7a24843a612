using System.Collections.Immutable;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>DHT messages over a host's streams: one stream per request, with the request in the same packet as its negotiation.</summary>
internal sealed class KadHostNetwork(Libp2pHost host, string protocolId) : IKadNetwork
{
    public PeerId LocalPeer => host.LocalPeer;

    public ImmutableArray<Multiaddr> LocalAddresses => host.Addresses;

    public async Task<KadMessage> RequestAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
    {
        await using ProtocolStream stream = await OpenAsync(peer, request, cancellationToken);
        byte[]? bytes = await LengthPrefixed.ReadAsync(stream.Stream.Input, KadMessage.MaxBytes, cancellationToken);
        if (bytes is null)
        {
            throw new Libp2pException(DropReason.RemoteClose, $"{peer} closed the stream instead of answering.");
        }
        if (!KadMessage.TryRead(bytes, out KadMessage? reply) || reply.Type != request.Type)
        {
            stream.Connection.ReportFault(DropReason.MessageInvalid, $"A malformed answer to {request.Type}.");
            throw new Libp2pException(DropReason.MessageInvalid, $"{peer} answered {request.Type} with a malformed message.");
        }
        return reply;
    }

    public async Task SendAsync(PeerId peer, KadMessage message, CancellationToken cancellationToken)
    {
        await using ProtocolStream stream = await OpenAsync(peer, message, cancellationToken);
    }

    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => host.Peers.AddressesOf(peer);

    public void Hint(KadPeer peer)
    {
        // Whom we talk to has told us its addresses itself.
        if (peer.Id != host.LocalPeer && !host.IsConnected(peer.Id))
        {
            host.Peers.AddAddresses(peer.Id, peer.Addresses);
        }
    }

    private async Task<ProtocolStream> OpenAsync(PeerId peer, KadMessage message, CancellationToken cancellationToken)
    {
        PeerConnection connection = await host.ConnectAsync(peer, cancellationToken);
        byte[] body = message.Encode();
        byte[] framed = new byte[Varint.SizeOf((ulong)body.Length) + body.Length];
        body.CopyTo(framed, Varint.Write(framed, (ulong)body.Length));
        return await connection.OpenStreamAsync(protocolId, framed, cancellationToken);
    }
}
