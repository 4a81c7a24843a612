using System.Collections.Immutable;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>What the DHT needs of a network: a host's streams in life, an in-process table of nodes in a simulation.</summary>
internal interface IKadNetwork
{
    PeerId LocalPeer { get; }

    /// <summary>Where this node can be dialled.</summary>
    ImmutableArray<Multiaddr> LocalAddresses { get; }

    /// <summary>
    /// Sends a request and returns the reply. Throws <see cref="Libp2pException"/> when there is none in time or a malformed one.
    /// </summary>
    Task<KadMessage> RequestAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken);

    /// <summary>Sends a message that has no reply.</summary>
    Task SendAsync(PeerId peer, KadMessage message, CancellationToken cancellationToken);

    IReadOnlyList<Multiaddr> AddressesOf(PeerId peer);

    /// <summary>Remembers addresses that somebody else told: hints, not facts.</summary>
    void Hint(KadPeer peer);
}
