using System.Collections.Immutable;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Host;

/// <summary>
/// What is known about peers: addresses (from their own identify, from other peers' hints, or given by the operator) and protocols.
/// Bounded: at the limit the peer heard of longest ago is forgotten.
/// </summary>
public sealed class PeerBook
{
    /// <summary>Addresses kept per peer; the newest win.</summary>
    public const int MaxAddressesPerPeer = 16;

    private readonly int _maxPeers;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, Entry> _entries = [];

    internal PeerBook(int maxPeers, TimeProvider time)
    {
        _maxPeers = maxPeers;
        _time = time;
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Adds addresses in front of those known; a peer id at their end is left out.</summary>
    public void AddAddresses(PeerId peer, IEnumerable<Multiaddr> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        ImmutableArray<Multiaddr> added = [.. addresses.Select(static address => address.WithoutPeer())];
        if (peer.IsEmpty || added.IsEmpty)
        {
            return;
        }
        lock (_gate)
        {
            Entry entry = Touch(peer);
            entry.Addresses = [.. added.Concat(entry.Addresses).Distinct().Take(MaxAddressesPerPeer)];
        }
    }

    /// <summary>Replaces what is known by what the peer says about itself.</summary>
    internal void Identified(PeerId peer, IEnumerable<Multiaddr> addresses, ImmutableArray<string> protocols)
    {
        ImmutableArray<Multiaddr> own = [.. addresses.Select(static address => address.WithoutPeer()).Distinct().Take(MaxAddressesPerPeer)];
        lock (_gate)
        {
            Entry entry = Touch(peer);
            entry.Protocols = protocols;
            // A host that only dials tells no addresses; hints about it may still be right.
            entry.Addresses = own.IsEmpty ? entry.Addresses : own;
        }
    }

    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer)
    {
        lock (_gate)
        {
            return _entries.TryGetValue(peer, out Entry? entry) ? entry.Addresses : [];
        }
    }

    public IReadOnlyList<string> ProtocolsOf(PeerId peer)
    {
        lock (_gate)
        {
            return _entries.TryGetValue(peer, out Entry? entry) ? entry.Protocols : [];
        }
    }

    private Entry Touch(PeerId peer)
    {
        if (!_entries.TryGetValue(peer, out Entry? entry))
        {
            if (_entries.Count >= _maxPeers)
            {
                _entries.Remove(_entries.MinBy(static pair => pair.Value.LastTouched).Key);
            }
            entry = new Entry();
            _entries.Add(peer, entry);
        }
        entry.LastTouched = _time.GetTimestamp();
        return entry;
    }

    private sealed class Entry
    {
        public ImmutableArray<Multiaddr> Addresses { get; set; } = [];

        public ImmutableArray<string> Protocols { get; set; } = [];

        public long LastTouched { get; set; }
    }
}
