using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Host;

/// <summary>What a <see cref="Libp2pHost"/> is and how much it takes on.</summary>
public sealed record HostOptions
{
    /// <summary>Who this host is. The caller keeps ownership and disposes it after the host.</summary>
    public required IdentityKey Identity { get; init; }

    /// <summary>Where to listen; empty for a host that only dials. Port 0 takes a free port.</summary>
    public IReadOnlyList<Multiaddr> ListenAddresses { get; init; } = [];

    /// <summary>Addresses to tell others instead of those listened on, as behind a port forwarding.</summary>
    public IReadOnlyList<Multiaddr> AnnouncedAddresses { get; init; } = [];

    /// <summary>
    /// Addresses told to others besides the host's own, for what this node serves without libp2p, such as /ip4/../tcp/8080/http: who looks
    /// up a provider then has them at once. The first 8 are told. Asked for at start and by <see cref="Libp2pHost.RefreshAddresses"/>.
    /// </summary>
    public Func<IReadOnlyList<Multiaddr>> ServiceAddresses { get; init; } = static () => [];

    public IReadOnlyList<ITransport> Transports { get; init; } = [new TcpTransport()];

    /// <summary>Name and version of the software, told to every peer. At most 128 characters.</summary>
    public string AgentVersion { get; init; } = "phasemesh/0.1.0";

    /// <summary>Family of networks, told to every peer. At most 128 characters.</summary>
    public string ProtocolVersion { get; init; } = "phase/1.0.0";

    public ConnectionLimits Limits { get; init; } = new();

    public YamuxOptions Yamux { get; init; } = new();

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
