using System.Collections.Immutable;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// k-buckets: bucket i holds up to k servers that share exactly i leading bits with this node, the one heard of longest ago first. A full
/// bucket takes a newcomer only in place of a member that no longer answers, so a flood of new names cannot push good peers out.
/// </summary>
internal sealed class RoutingTable(PeerId self, int bucketSize, TimeProvider time)
{
    private const int MaxFailures = 2;
    private readonly KadKey _self = KadKey.Of(self);
    private readonly Lock _gate = new();
    private readonly List<Entry>?[] _buckets = new List<Entry>?[KadKey.Bits];
    private readonly Dictionary<PeerId, Entry> _entries = [];

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

    public KadKey Self => _self;

    public ImmutableArray<PeerId> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries.Keys];
            }
        }
    }

    public bool Contains(PeerId peer)
    {
        lock (_gate)
        {
            return _entries.ContainsKey(peer);
        }
    }

    /// <summary>
    /// Adds a live server, or notes that it is alive. When its bucket is full: false, and the member to check (the one silent longest).
    /// </summary>
    public bool TryAdd(PeerId peer, out PeerId doubtful)
    {
        doubtful = default;
        KadKey key = KadKey.Of(peer);
        int index = _self.CommonPrefixBits(key);
        if (index == KadKey.Bits)
        {
            return false; // Ourselves.
        }
        lock (_gate)
        {
            List<Entry> bucket = _buckets[index] ??= [];
            if (_entries.TryGetValue(peer, out Entry? known))
            {
                known.Failures = 0;
                known.LastSeen = time.GetTimestamp();
                bucket.Remove(known);
                bucket.Add(known);
                return true;
            }
            if (bucket.Count >= bucketSize)
            {
                doubtful = bucket[0].Peer;
                return false;
            }
            Entry entry = new(peer, key) { LastSeen = time.GetTimestamp() };
            bucket.Add(entry);
            _entries.Add(peer, entry);
            return true;
        }
    }

    /// <summary>Counts a request without an answer; the second in a row removes the peer.</summary>
    public void Failed(PeerId peer)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(peer, out Entry? entry) && ++entry.Failures >= MaxFailures)
            {
                RemoveLocked(entry);
            }
        }
    }

    public void Remove(PeerId peer)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(peer, out Entry? entry))
            {
                RemoveLocked(entry);
            }
        }
    }

    /// <summary>The members nearest to the target, nearest first.</summary>
    public List<PeerId> Closest(KadKey target, int count)
    {
        // Members of the target's own bucket and of all beyond it are nearer to the target than any of the buckets before; so walk
        // outwards from there and stop as soon as there are enough of them.
        List<Entry> found = [];
        lock (_gate)
        {
            int middle = Math.Min(_self.CommonPrefixBits(target), KadKey.Bits - 1);
            found.AddRange(_buckets[middle] ?? []);
            if (found.Count < count)
            {
                for (int index = middle + 1; index < KadKey.Bits; index++)
                {
                    found.AddRange(_buckets[index] ?? []);
                }
            }
            for (int index = middle - 1; index >= 0 && found.Count < count; index--)
            {
                found.AddRange(_buckets[index] ?? []);
            }
        }
        found.Sort((left, right) => left.Key.DistanceTo(target).CompareTo(right.Key.DistanceTo(target)));
        return [.. found.Take(count).Select(static entry => entry.Peer)];
    }

    /// <summary>Members silent for that long, for a liveness check.</summary>
    public ImmutableArray<PeerId> SilentFor(TimeSpan age)
    {
        lock (_gate)
        {
            return [.. _entries.Values.Where(entry => time.GetElapsedTime(entry.LastSeen) >= age).Select(static entry => entry.Peer)];
        }
    }

    /// <summary>Number of leading bits of the deepest bucket with members, which is about log2 of the network's size.</summary>
    public int Depth
    {
        get
        {
            lock (_gate)
            {
                return Array.FindLastIndex(_buckets, static bucket => bucket is { Count: > 0 });
            }
        }
    }

    private void RemoveLocked(Entry entry)
    {
        _entries.Remove(entry.Peer);
        _buckets[_self.CommonPrefixBits(entry.Key)]?.Remove(entry);
    }

    private sealed class Entry(PeerId peer, KadKey key)
    {
        public PeerId Peer => peer;

        public KadKey Key => key;

        public long LastSeen { get; set; }

        public int Failures { get; set; }
    }
}
