using System.Net;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Browsing;

/// <summary>
/// Records heard on one link and their lives (RFC 6762 section 10). What may come in at all is the caller's decision; how many of a
/// kind stay is decided here.
/// </summary>
/// <param name="refresh">Ask for this again, it is running out.</param>
/// <param name="changed">Something appeared or went.</param>
internal sealed class RecordCache(NodeContext context, Action<DnsName, RecordType> refresh, Action changed)
{
    private const int MaxAddressesPerHost = 8;
    private const int MaxVersionsPerInstance = 2;
    private const uint MaxTtlSeconds = 86_400;
    private static readonly TimeSpan LastSecond = TimeSpan.FromSeconds(1);

    // Section 5.2: four attempts before the end, each up to 2 % later so that listeners do not ask in chorus.
    private static readonly double[] RefreshAt = [0.80, 0.85, 0.90, 0.95];
    private readonly Dictionary<(DnsName Name, RecordType Type), List<CacheEntry>> _entries = [];

    // How many pointers of a browsed name came from whom.
    private readonly Dictionary<DnsName, Dictionary<IPAddress, int>> _shares = [];

    public int Count => _entries.Values.Sum(list => list.Count);

    public IReadOnlyList<CacheEntry> Find(DnsName name, RecordType type) => _entries.TryGetValue((name, type), out List<CacheEntry>? list) ? list : [];

    /// <summary>The one heard last; of unique records all others are on their way out.</summary>
    public CacheEntry? Newest(DnsName name, RecordType type) => Find(name, type).MaxBy(entry => entry.ReceivedAt);

    /// <summary>False when there is no room for it.</summary>
    public bool Store(DnsRecord record, IPAddress source)
    {
        TimeSpan now = context.Now;
        (DnsName Name, RecordType Type) key = (record.Name, record.Type);
        _entries.TryGetValue(key, out List<CacheEntry>? list);
        CacheEntry? known = list?.Find(entry => entry.Record.SameAs(record));
        if (record.TtlSeconds == 0)
        {
            // Section 10.1: a second of grace, in which another owner can speak up.
            if (known is not null)
            {
                ExpireWithin(known, LastSecond);
            }

            return false;
        }

        if (record.CacheFlush)
        {
            // Section 10.2: what is older than a second and was not said again goes, also after a second.
            list?.FindAll(entry => entry != known && now - entry.ReceivedAt > LastSecond).ForEach(entry => ExpireWithin(entry, LastSecond));
        }

        if (known is null)
        {
            list ??= [];
            if (!MakeRoom(list, record, source))
            {
                context.Counters.Dropped(DropReason.InstancesFull);
                return false;
            }

            known = new CacheEntry(record, source);
            list.Add(known);
            _entries[key] = list;
            CountPointer(known, 1);
            changed();
        }

        known.Record = record;
        known.ReceivedAt = now;
        known.ExpiresAt = now + TimeSpan.FromSeconds(Math.Min(record.TtlSeconds, MaxTtlSeconds));
        ScheduleStep(known, stage: 0);
        return true;
    }

    /// <summary>Forgets every record nobody needs any more.</summary>
    public void RemoveWhere(Func<DnsName, RecordType, bool> isUnneeded)
    {
        foreach ((DnsName Name, RecordType Type) key in _entries.Keys.Where(key => isUnneeded(key.Name, key.Type)).ToList())
        {
            _entries[key].ForEach(entry => entry.Step?.Cancel());
            _entries.Remove(key);
            if (key.Type == RecordType.Ptr)
            {
                _shares.Remove(key.Name);
            }
        }
    }

    public void Clear() => RemoveWhere((_, _) => true);

    /// <summary>
    /// Pointers share <see cref="MdnsOptions.MaxInstancesPerLink"/> fairly: a source with more of them than the newcomer gives up its
    /// latest, so that one machine inventing instances cannot keep a real one out. Other records replace their oldest sibling.
    /// </summary>
    private bool MakeRoom(List<CacheEntry> list, DnsRecord record, IPAddress source)
    {
        int max = record.Type switch
        {
            RecordType.Ptr => context.Options.MaxInstancesPerLink,
            RecordType.Srv or RecordType.Txt => MaxVersionsPerInstance,
            _ => MaxAddressesPerHost,
        };
        if (list.Count < max)
        {
            return true;
        }

        if (record.Type != RecordType.Ptr)
        {
            Remove(list.MinBy(entry => entry.ReceivedAt)!);
            return true;
        }

        Dictionary<IPAddress, int> shares = _shares[record.Name];
        (IPAddress greediest, int share) = shares.MaxBy(pair => pair.Value);
        if (share <= shares.GetValueOrDefault(source) + 1)
        {
            return false;
        }

        Remove(list.FindLast(entry => entry.Source.Equals(greediest))!);
        return true;
    }

    private void CountPointer(CacheEntry entry, int change)
    {
        if (entry.Record.Type != RecordType.Ptr)
        {
            return;
        }

        if (!_shares.TryGetValue(entry.Record.Name, out Dictionary<IPAddress, int>? shares))
        {
            _shares[entry.Record.Name] = shares = [];
        }

        int count = shares.GetValueOrDefault(entry.Source) + change;
        shares[entry.Source] = count;
        if (count == 0)
        {
            shares.Remove(entry.Source);
        }

        if (shares.Count == 0)
        {
            _shares.Remove(entry.Record.Name);
        }
    }

    private void ExpireWithin(CacheEntry entry, TimeSpan delay)
    {
        TimeSpan at = context.Now + delay;
        if (at < entry.ExpiresAt)
        {
            entry.ExpiresAt = at;
            entry.Step?.Cancel();
            entry.Step = context.Scheduler.Schedule(delay, () => Remove(entry));
        }
    }

    private void ScheduleStep(CacheEntry entry, int stage)
    {
        entry.Step?.Cancel();
        TimeSpan life = entry.ExpiresAt - entry.ReceivedAt;
        TimeSpan age = context.Now - entry.ReceivedAt;
        entry.Step = stage == RefreshAt.Length
            ? context.Scheduler.Schedule(life - age, () => Remove(entry))
            : context.Scheduler.Schedule((life * (RefreshAt[stage] + (context.Options.Random.NextDouble() * 0.02))) - age, () =>
            {
                refresh(entry.Record.Name, entry.Record.Type);
                ScheduleStep(entry, stage + 1);
            });
    }

    private void Remove(CacheEntry entry)
    {
        entry.Step?.Cancel();
        (DnsName Name, RecordType Type) key = (entry.Record.Name, entry.Record.Type);
        if (_entries.TryGetValue(key, out List<CacheEntry>? list) && list.Remove(entry))
        {
            CountPointer(entry, -1);
            if (list.Count == 0)
            {
                _entries.Remove(key);
            }

            changed();
        }
    }
}
