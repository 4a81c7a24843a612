using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>Values kept for the network. Bounded in number and bytes: what was received longest ago makes room.</summary>
internal sealed class RecordStore(KadOptions options)
{
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Lock _gate = new();
    private readonly Dictionary<ByteKey, LinkedListNode<KadRecord>> _records = [];
    private readonly LinkedList<KadRecord> _byAge = new();
    private long _bytes;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _records.Count;
            }
        }
    }

    /// <summary>All records in order of their age, for saving.</summary>
    public ImmutableArray<KadRecord> All
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

    public bool TryGet(byte[] key, [NotNullWhen(true)] out KadRecord? record)
    {
        lock (_gate)
        {
            DropExpired();
            record = _records.TryGetValue(new ByteKey(key), out LinkedListNode<KadRecord>? node) ? node.Value : null;
            return record is not null;
        }
    }

    public void Put(KadRecord record)
    {
        lock (_gate)
        {
            DropExpired();
            if (_records.TryGetValue(new ByteKey(record.Key), out LinkedListNode<KadRecord>? old))
            {
                Remove(old);
            }
            while (_byAge.First is { } oldest && (_records.Count >= options.MaxRecords || _bytes + SizeOf(record) > options.MaxRecordBytes))
            {
                Remove(oldest);
            }
            // Records come in order of time but for those loaded at start, which are loaded in that order too.
            _records.Add(new ByteKey(record.Key), _byAge.AddLast(record));
            _bytes += SizeOf(record);
        }
    }

    private void DropExpired()
    {
        DateTimeOffset limit = _time.GetUtcNow() - options.RecordLife;
        while (_byAge.First is { } oldest && oldest.Value.TimeReceived <= limit)
        {
            Remove(oldest);
        }
    }

    private void Remove(LinkedListNode<KadRecord> node)
    {
        _records.Remove(new ByteKey(node.Value.Key));
        _byAge.Remove(node);
        _bytes -= SizeOf(node.Value);
    }

    private static long SizeOf(KadRecord record) => record.Key.Length + record.Value.Length + 128;
}
