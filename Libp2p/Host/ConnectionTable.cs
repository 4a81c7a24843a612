using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Host;

/// <summary>The live connections and the limits they count against.</summary>
internal sealed class ConnectionTable(ConnectionLimits limits, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, List<PeerConnection>> _byPeer = [];
    private readonly Dictionary<AddressRange, int> _byRange = [];
    private readonly Dictionary<PeerId, StreamQuota> _quotas = [];
    private readonly StreamQuota _hostQuota = new(limits.MaxStreams);
    private int _count;
    private int _pendingInbound;

    public int Count => Volatile.Read(ref _count);

    public int OpenStreams => _hostQuota.Taken;

    public IReadOnlyList<PeerConnection> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _byPeer.Values.SelectMany(static list => list)];
            }
        }
    }

    /// <summary>A live connection to the peer, the oldest of several: both sides then tend to use the same one.</summary>
    public PeerConnection? Find(PeerId peer)
    {
        lock (_gate)
        {
            return _byPeer.TryGetValue(peer, out List<PeerConnection>? list) ? list.Find(static one => !one.Completion.IsCompleted) : null;
        }
    }

    /// <summary>Takes a place for an inbound handshake and one in its address range; false when either is full.</summary>
    public bool TryBeginInbound(AddressRange? range)
    {
        lock (_gate)
        {
            if (_pendingInbound >= limits.MaxPendingInbound
                || (range is { } counted && _byRange.GetValueOrDefault(counted) >= limits.MaxConnectionsPerAddressRange))
            {
                return false;
            }
            _pendingInbound++;
            CountRange(range, 1);
            return true;
        }
    }

    /// <summary>Ends the handshake; the place in the range stays with the connection when there is one.</summary>
    public void EndInbound(AddressRange? range, bool isConnected)
    {
        lock (_gate)
        {
            _pendingInbound--;
            if (!isConnected)
            {
                CountRange(range, -1);
            }
        }
    }

    /// <summary>
    /// Adds a connection. False when a limit forbids it; <paramref name="evicted"/> is an idle connection to close to stay within them.
    /// </summary>
    public bool TryAdd(PeerConnection connection, out PeerConnection? evicted)
    {
        evicted = null;
        lock (_gate)
        {
            List<PeerConnection> list = _byPeer.GetValueOrDefault(connection.RemotePeer) ?? [];
            if (list.Count >= limits.MaxConnectionsPerPeer)
            {
                return false;
            }
            if (_count >= limits.MaxConnections)
            {
                evicted = _byPeer.Values.SelectMany(static one => one)
                    .Where(one => one.OpenStreams == 0 && !one.Completion.IsCompleted
                        && time.GetElapsedTime(one.OpenedTimestamp) > limits.EvictionGrace)
                    .MinBy(static one => one.OpenedTimestamp);
                if (evicted is null)
                {
                    return false;
                }
            }
            list.Add(connection);
            _byPeer[connection.RemotePeer] = list;
            _count++;
            return true;
        }
    }

    public void Remove(PeerConnection connection)
    {
        lock (_gate)
        {
            if (_byPeer.TryGetValue(connection.RemotePeer, out List<PeerConnection>? list) && list.Remove(connection))
            {
                _count--;
                CountRange(connection.Range, -1);
                if (list.Count == 0)
                {
                    _byPeer.Remove(connection.RemotePeer);
                    _quotas.Remove(connection.RemotePeer);
                }
            }
        }
    }

    /// <summary>The streams that all connections of the peer share, within those of the host.</summary>
    public StreamQuota QuotaOf(PeerId peer)
    {
        lock (_gate)
        {
            if (!_quotas.TryGetValue(peer, out StreamQuota? quota))
            {
                quota = new StreamQuota(limits.MaxStreamsPerPeer, _hostQuota);
                _quotas.Add(peer, quota);
            }
            return quota;
        }
    }

    /// <summary>Drops what is kept for a peer without connections.</summary>
    public void Forget(PeerId peer)
    {
        lock (_gate)
        {
            if (!_byPeer.ContainsKey(peer))
            {
                _quotas.Remove(peer);
            }
        }
    }

    private void CountRange(AddressRange? range, int change)
    {
        if (range is { } counted)
        {
            int count = _byRange.GetValueOrDefault(counted) + change;
            if (count == 0)
            {
                _byRange.Remove(counted);
            }
            else
            {
                _byRange[counted] = count;
            }
        }
    }
}
