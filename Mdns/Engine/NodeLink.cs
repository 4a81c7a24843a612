using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;

namespace PhaseMesh.Mdns.Engine;

/// <summary>One link of a node: what comes in is judged here before either side sees it.</summary>
internal sealed class NodeLink(NodeContext context, NetworkLink snapshot, LinkResponder responder, LinkQuerier querier, UnicastWindow unicastWindow)
{
    private readonly SourceLimiter _limiter = new(context.Options.MaxPacketsPerSecondPerSource, context.Options.MaxPacketsPerSecondPerLink);

    public NetworkLink Snapshot { get; private set; } = snapshot;

    public LinkResponder Responder => responder;

    public LinkQuerier Querier => querier;

    public void OnChanged(NetworkLink link)
    {
        Snapshot = link;
        responder.OnLinkChanged(link);
        querier.Link = link;
    }

    /// <summary>Uses the datagram, or says why not. The cheap tests come first: a flood must not buy parsing.</summary>
    public DropReason? Take(in ReceivedDatagram datagram)
    {
        TimeSpan now = context.Now;
        if (datagram.Bytes.Length > MessageLimits.MaxMessageBytes)
        {
            return DropReason.TooLarge;
        }

        if (!Snapshot.IsOnLink(datagram.Source.Address))
        {
            return DropReason.OffLink;
        }

        if (context.Echoes.IsEcho(datagram.Bytes.Span, Snapshot.Index, datagram.Source.AddressFamily, now))
        {
            return null;
        }

        if (_limiter.Admit(NetworkLink.Unscoped(datagram.Source.Address), now) is DropReason flood)
        {
            return flood;
        }

        if (!MessageReader.TryRead(datagram.Bytes.Span, out DnsMessage? message, out _))
        {
            return DropReason.Malformed;
        }

        if (message.OpCode != 0 || message.ResponseCode != 0)
        {
            return DropReason.UnsupportedCode;
        }

        if (!message.IsResponse)
        {
            responder.OnQuery(message, datagram.Source, datagram.ToMulticast);
            return null;
        }

        if (datagram.Source.Port != MulticastEndpoints.Port)
        {
            return DropReason.ResponseFromWrongPort;
        }

        if (!datagram.ToMulticast && !unicastWindow.IsOpen(now))
        {
            return DropReason.UnaskedUnicast;
        }

        responder.OnResponse(message);
        querier.OnResponse(message, NetworkLink.Unscoped(datagram.Source.Address));
        return null;
    }
}
