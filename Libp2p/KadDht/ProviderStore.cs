using System.Collections.Immutable;
using System.Runtime.InteropServices;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// Who serves what, as announced to this node. Bounded in total, per provider and per key; the oldest announcement makes room, and a
/// provider that exceeds its own share only pushes out itself.
/// </summary>
internal sealed class ProviderStore(KadOptions options)
{
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Lock _gate = new();
    private readonly Dictionary<ByteKey, Dictionary<PeerId, LinkedListNode<Entry>>> _byKey = [];
    private readonly Dictionary<PeerId, LinkedList<Entry>> _byProvider = [];
    private readonly LinkedList<Entry> _byAge = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byAge.Count;
            }
        }
    }

    /// <summary>All announcements in order of their age, for saving.</summary>
    public ImmutableArray<Entry> All
    {
        get
        {
            lock (_gate)
            {
                DropExpired();
                return [.. _byAge];
            }
        }
    }

    /// <summary>The providers of a key, in random order: who announces most often must not be all that is told.</summary>
    public ImmutableArray<PeerId> Find(byte[] key)
    {
        lock (_gate)
        {
            DropExpired();
            PeerId[] found = _byKey.TryGetValue(new ByteKey(key), out Dictionary<PeerId, LinkedListNode<Entry>>? providers) ? [.. providers.Keys] : [];
            Random.Shared.Shuffle(found);
            return ImmutableCollectionsMarshal.AsImmutableArray(found);
        }
    }

    public void Add(byte[] key, PeerId provider) => Add(new Entry(key, provider, _time.GetUtcNow()));

    public void Add(Entry entry)
    {
        lock (_gate)
        {
            DropExpired();
            RemoveLocked(entry.Key, entry.Provider);
            if (_byProvider.TryGetValue(entry.Provider, out LinkedList<Entry>? own) && own.Count >= options.MaxEntriesPerProvider)
            {
                RemoveLocked(own.First!.Value.Key, entry.Provider);
            }
            if (_byKey.TryGetValue(new ByteKey(entry.Key), out Dictionary<PeerId, LinkedListNode<Entry>>? providers)
                && providers.Count >= options.MaxProvidersPerKey)
            {
                RemoveLocked(entry.Key, providers.MinBy(static pair => pair.Value.Value.Announced).Key);
            }
            while (_byAge.Count >= options.MaxProviderEntries && _byAge.First is { } oldest)
            {
                RemoveLocked(oldest.Value.Key, oldest.Value.Provider);
            }
            if (!_byKey.TryGetValue(new ByteKey(entry.Key), out providers))
            {
                _byKey.Add(new ByteKey(entry.Key), providers = []);
            }
            if (!_byProvider.TryGetValue(entry.Provider, out own))
            {
                _byProvider.Add(entry.Provider, own = new LinkedList<Entry>());
            }
            providers.Add(entry.Provider, _byAge.AddLast(entry));
            entry.OwnNode = own.AddLast(entry);
        }
    }

    public void Remove(byte[] key, PeerId provider)
    {
        lock (_gate)
        {
            RemoveLocked(key, provider);
        }
    }

    private void DropExpired()
    {
        DateTimeOffset limit = _time.GetUtcNow() - options.ProviderLife;
        while (_byAge.First is { } oldest && oldest.Value.Announced <= limit)
        {
            RemoveLocked(oldest.Value.Key, oldest.Value.Provider);
        }
    }

    private void RemoveLocked(byte[] key, PeerId provider)
    {
        ByteKey name = new(key);
        if (!_byKey.TryGetValue(name, out Dictionary<PeerId, LinkedListNode<Entry>>? providers)
            || !providers.Remove(provider, out LinkedListNode<Entry>? node))
        {
            return;
        }
        _byAge.Remove(node);
        if (providers.Count == 0)
        {
            _byKey.Remove(name);
        }
        LinkedList<Entry> own = _byProvider[provider];
        own.Remove(node.Value.OwnNode!);
        if (own.Count == 0)
        {
            _byProvider.Remove(provider);
        }
    }

    internal sealed record Entry(byte[] Key, PeerId Provider, DateTimeOffset Announced)
    {
        public LinkedListNode<Entry>? OwnNode { get; set; }
    }
}
