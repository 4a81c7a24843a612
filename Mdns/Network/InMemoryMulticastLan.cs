using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Mdns.Network;

/// <summary>
/// A LAN in memory: every datagram reaches every other port of the LAN (and, as with multicast loopback, the sender) after
/// <paramref name="delay"/> on the given clock. Deliveries never nest inside a send, as on a real wire.
/// </summary>
public sealed class InMemoryMulticastLan(TimeProvider time, TimeSpan delay)
{
    private readonly Lock _gate = new();
    private readonly List<InMemoryMulticastNetwork> _ports = [];
    private readonly HashSet<ITimer> _inFlight = [];

    /// <summary>Sees everything sent, before delivery; returning false loses the datagram.</summary>
    public Func<InMemoryDatagram, bool>? OnWire { get; set; }

    internal void Attach(InMemoryMulticastNetwork port)
    {
        lock (_gate)
        {
            _ports.Add(port);
        }
    }

    internal void Detach(InMemoryMulticastNetwork port)
    {
        lock (_gate)
        {
            _ports.Remove(port);
        }
    }

    /// <summary>Puts bytes on the wire as if from <paramref name="source"/>; a null destination is the multicast group.</summary>
    public void Inject(IPEndPoint source, IPEndPoint? destination, ReadOnlySpan<byte> bytes)
    {
        var datagram = new InMemoryDatagram(source, destination, bytes.ToArray());
        if (OnWire?.Invoke(datagram) == false)
        {
            return;
        }

        ITimer? timer = null;
        lock (_gate)
        {
            timer = time.CreateTimer(_ => Deliver(datagram, timer!), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _inFlight.Add(timer);
        }

        timer.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void Deliver(InMemoryDatagram datagram, ITimer timer)
    {
        InMemoryMulticastNetwork[] ports;
        lock (_gate)
        {
            _inFlight.Remove(timer);
            ports = [.. _ports];
        }

        timer.Dispose();
        foreach (InMemoryMulticastNetwork port in ports)
        {
            port.Receive(this, datagram);
        }
    }
}

/// <param name="Destination">Null for the multicast group.</param>
public sealed record InMemoryDatagram(IPEndPoint Source, IPEndPoint? Destination, ReadOnlyMemory<byte> Bytes)
{
    public AddressFamily Family => Source.AddressFamily;
}
