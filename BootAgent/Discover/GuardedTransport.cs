using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>For a host that only dials, and of the addresses that strangers tell it only those that may be meant for it.</summary>
internal sealed class GuardedTransport(ITransport transport, Func<Multiaddr, bool> mayDial) : ITransport
{
    public bool Supports(Multiaddr address) => transport.Supports(address) && mayDial(address);

    public ValueTask<IRawConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken) =>
        transport.DialAsync(address, cancellationToken);

    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"This machine announces nothing and listens nowhere; asked to listen on {address}.");
}
