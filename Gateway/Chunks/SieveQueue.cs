namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// SIEVE (NSDI 2024): one queue in the order of arrival, one bit per entry, and a hand that goes from the oldest to the newest, clears
/// bits and evicts the first entry without one. A scan (each byte once, as a boot storm's last straggler does) can't push out what is
/// asked for again, and a hit costs one store. Not thread-safe.
/// </summary>
internal sealed class SieveQueue<T>
{
    private Entry? _oldest;
    private Entry? _newest;
    private Entry? _hand;

    public int Count { get; private set; }

    public Entry Add(T value)
    {
        Entry entry = new(value) { Older = _newest };
        if (_newest is null)
        {
            _oldest = entry;
        }
        else
        {
            _newest.Newer = entry;
        }

        _newest = entry;
        Count++;
        return entry;
    }

    public void Remove(Entry entry)
    {
        if (_hand == entry)
        {
            _hand = entry.Newer;
        }

        if (entry.Older is null)
        {
            _oldest = entry.Newer;
        }
        else
        {
            entry.Older.Newer = entry.Newer;
        }

        if (entry.Newer is null)
        {
            _newest = entry.Older;
        }
        else
        {
            entry.Newer.Older = entry.Older;
        }

        Count--;
    }

    /// <summary>Takes out the entry whose turn it is.</summary>
    /// <returns>False when no entry may go.</returns>
    public bool TryEvict(Func<T, bool> mayGo, out T? evicted)
    {
        // Once around clears every bit, the second time finds whatever may go.
        for (int steps = 2 * Count; steps > 0; steps--)
        {
            Entry entry = _hand ?? _oldest!;
            _hand = entry.Newer;
            if (!mayGo(entry.Value))
            {
                continue;
            }

            if (entry.IsVisited)
            {
                entry.IsVisited = false;
                continue;
            }

            Remove(entry);
            evicted = entry.Value;
            return true;
        }

        evicted = default;
        return false;
    }

    internal sealed class Entry(T value)
    {
        public T Value { get; } = value;

        /// <summary>Asked for since the hand last passed.</summary>
        public bool IsVisited { get; set; }

        internal Entry? Older { get; set; }

        internal Entry? Newer { get; set; }
    }
}
