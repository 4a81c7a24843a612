using System.Net;

namespace PhaseMesh.Mdns.Network;

/// <summary>
/// The machine's links as multicast DNS needs them. <see cref="UdpMulticastNetwork"/> is the real one,
/// <see cref="InMemoryMulticastNetwork"/> its twin for tests on virtual time.
/// </summary>
public interface IMulticastNetwork : IAsyncDisposable
{
    /// <summary>
    /// True when another program has port 5353 open too. A unicast reply then reaches only one of the two, so questions must not ask
    /// for one (RFC 6762 section 15.1).
    /// </summary>
    bool SharesPort { get; }

    /// <summary>
    /// Starts delivery. <see cref="IMulticastReceiver.OnLinksChanged"/> is called with the links of now before this returns; later calls
    /// come from any thread.
    /// </summary>
    void Start(IMulticastReceiver receiver);

    /// <summary>Sends to 224.0.0.251 and ff02::fb, port 5353, on whichever of the two the link has. A link that is gone is ignored.</summary>
    void SendMulticast(int linkIndex, ReadOnlySpan<byte> datagram);

    void SendUnicast(int linkIndex, IPEndPoint destination, ReadOnlySpan<byte> datagram);
}

/// <summary>What a network tells its one listener. Implementations return quickly and do not throw.</summary>
public interface IMulticastReceiver
{
    /// <summary>All usable links, each time any of them changed.</summary>
    void OnLinksChanged(IReadOnlyList<NetworkLink> links);

    /// <summary>The bytes are valid during the call only.</summary>
    void OnDatagram(in ReceivedDatagram datagram);

    /// <summary>Something failed that delivery survives, such as a send on a link that went down.</summary>
    void OnFault(string message);
}

/// <param name="LinkIndex">The interface it arrived on.</param>
/// <param name="ToMulticast">False when it was sent to this machine alone.</param>
public readonly record struct ReceivedDatagram(int LinkIndex, IPEndPoint Source, bool ToMulticast, ReadOnlyMemory<byte> Bytes);

/// <summary>RFC 6762 section 3.</summary>
public static class MulticastEndpoints
{
    public const int Port = 5353;

    public static readonly IPAddress GroupIPv4 = IPAddress.Parse("224.0.0.251");
    public static readonly IPAddress GroupIPv6 = IPAddress.Parse("ff02::fb");
}
