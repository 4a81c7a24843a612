namespace PhaseMesh.Libp2p.Host;

/// <summary>How much of this machine the network may use, and how long it may take.</summary>
public sealed record ConnectionLimits
{
    /// <summary>
    /// Connections in total, both directions. At the limit the oldest idle one makes room; with none idle the new one is refused.
    /// </summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Connections to and from one peer: two arise when both dial at once.</summary>
    public int MaxConnectionsPerPeer { get; init; } = 4;

    /// <summary>
    /// Inbound connections from one IPv4 /24 or IPv6 /56, so that one owner of many addresses cannot fill the table. Loopback is
    /// exempt.
    /// </summary>
    public int MaxConnectionsPerAddressRange { get; init; } = 64;

    /// <summary>Inbound connections whose handshake is not finished.</summary>
    public int MaxPendingInbound { get; init; } = 64;

    /// <summary>Streams of all connections together.</summary>
    public int MaxStreams { get; init; } = 16384;

    /// <summary>Streams of all connections of one peer.</summary>
    public int MaxStreamsPerPeer { get; init; } = 2048;

    /// <summary>Addresses tried side by side when a peer is dialled.</summary>
    public int MaxAddressesPerDial { get; init; } = 8;

    /// <summary>Peers whose addresses and protocols are remembered.</summary>
    public int MaxKnownPeers { get; init; } = 4096;

    /// <summary>Faults on streams (malformed messages, silence) after which the whole connection is dropped.</summary>
    public int MaxFaultsPerConnection { get; init; } = 16;

    /// <summary>From the first SYN to the muxed connection.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From an accepted socket to the muxed connection.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Agreement on the protocol of one stream.</summary>
    public TimeSpan NegotiationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A peer that could not be dialled is left alone that long, doubling with each failure.</summary>
    public TimeSpan DialBackOff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxDialBackOff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Age below which an idle connection is not evicted for a new one.</summary>
    public TimeSpan EvictionGrace { get; init; } = TimeSpan.FromSeconds(30);
}
