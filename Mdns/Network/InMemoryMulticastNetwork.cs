using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Mdns.Network;

/// <summary>One machine's ports on <see cref="InMemoryMulticastLan"/>s: the twin of <see cref="UdpMulticastNetwork"/>.</summary>
public sealed class InMemoryMulticastNetwork : IMulticastNetwork
{
    private readonly Lock _gate = new();
    private ImmutableDictionary<int, (NetworkLink Link, InMemoryMulticastLan Lan)> _links =
        ImmutableDictionary<int, (NetworkLink, InMemoryMulticastLan)>.Empty;

    private IMulticastReceiver? _receiver;

    public bool SharesPort { get; set; }

    /// <summary>Plugs the link in, or replaces its addresses when its index is known.</summary>
    public void Connect(InMemoryMulticastLan lan, NetworkLink link)
    {
        lock (_gate)
        {
            if (!_links.Values.Any(known => known.Lan == lan))
            {
                lan.Attach(this);
            }

            _links = _links.SetItem(link.Index, (link, lan));
        }

        Report();
    }

    public void Disconnect(int linkIndex)
    {
        lock (_gate)
        {
            if (!_links.TryGetValue(linkIndex, out (NetworkLink Link, InMemoryMulticastLan Lan) known))
            {
                return;
            }

            _links = _links.Remove(linkIndex);
            if (!_links.Values.Any(other => other.Lan == known.Lan))
            {
                known.Lan.Detach(this);
            }
        }

        Report();
    }

    public void Start(IMulticastReceiver receiver)
    {
        _receiver = receiver;
        Report();
    }

    public void SendMulticast(int linkIndex, ReadOnlySpan<byte> datagram)
    {
        if (!_links.TryGetValue(linkIndex, out (NetworkLink Link, InMemoryMulticastLan Lan) known))
        {
            return;
        }

        foreach (AddressFamily family in (ReadOnlySpan<AddressFamily>)[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            if (SourceOf(known.Link, family) is IPAddress source)
            {
                known.Lan.Inject(new IPEndPoint(source, MulticastEndpoints.Port), null, datagram);
            }
        }
    }

    public void SendUnicast(int linkIndex, IPEndPoint destination, ReadOnlySpan<byte> datagram)
    {
        if (_links.TryGetValue(linkIndex, out (NetworkLink Link, InMemoryMulticastLan Lan) known)
            && SourceOf(known.Link, destination.AddressFamily) is IPAddress source)
        {
            known.Lan.Inject(new IPEndPoint(source, MulticastEndpoints.Port), destination, datagram);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            foreach ((NetworkLink _, InMemoryMulticastLan lan) in _links.Values)
            {
                lan.Detach(this);
            }

            _links = _links.Clear();
            _receiver = null;
        }

        return ValueTask.CompletedTask;
    }

    internal void Receive(InMemoryMulticastLan lan, InMemoryDatagram datagram)
    {
        foreach ((NetworkLink link, InMemoryMulticastLan linkLan) in _links.Values)
        {
            bool hasFamily = datagram.Family == AddressFamily.InterNetwork ? link.HasIPv4 : link.HasIPv6;
            bool isForUs = datagram.Destination is null
                ? hasFamily
                : datagram.Destination.Port == MulticastEndpoints.Port && link.IsOwn(datagram.Destination.Address);
            if (linkLan == lan && isForUs)
            {
                _receiver?.OnDatagram(new ReceivedDatagram(link.Index, datagram.Source, datagram.Destination is null, datagram.Bytes));
            }
        }
    }

    private static IPAddress? SourceOf(NetworkLink link, AddressFamily family) =>
        link.Addresses.FirstOrDefault(address => address.Address.AddressFamily == family)?.Address;

    private void Report() => _receiver?.OnLinksChanged([.. _links.Values.Select(known => known.Link)]);
}
