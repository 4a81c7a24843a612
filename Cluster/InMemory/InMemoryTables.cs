using System.Text;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.InMemory;

internal sealed class InMemoryTables(InMemoryGrainStorage data, TimeProvider time) : IStoreTables
{
    private long _claims;

    public Task<long> JoinAsync(string name, string address, string version, TimeSpan lease, CancellationToken cancellationToken) =>
        Run(now =>
    {
        long generation = 1 + data.Silos.Keys.Where(silo => silo.Name == name).Select(silo => silo.Generation).DefaultIfEmpty(0).Max();
        data.Silos[new SiloIdentity(name, generation)] = new InMemorySilo(address, version, now, now, now + lease, HasLeft: false);
        return generation;
    });

    public Task<bool> RenewAsync(SiloIdentity silo, TimeSpan lease, CancellationToken cancellationToken) => Run(now =>
    {
        if (!data.Silos.TryGetValue(silo, out InMemorySilo? entry) || entry.HasLeft)
        {
            return false;
        }

        data.Silos[silo] = entry with { SeenAt = now, LeaseEnd = now + lease };
        return true;
    });

    public Task LeaveAsync(SiloIdentity silo, CancellationToken cancellationToken) => Run(now =>
    {
        data.Silos[silo] = data.Silos[silo] with { HasLeft = true, SeenAt = now, LeaseEnd = now };
        return true;
    });

    public Task ForgetSilosAsync(TimeSpan age, CancellationToken cancellationToken) => Run(now =>
    {
        foreach (SiloIdentity silo in data.Silos.Where(entry => entry.Value.LeaseEnd < now - age).Select(entry => entry.Key).ToArray())
        {
            data.Silos.Remove(silo);
        }

        return true;
    });

    public Task<IReadOnlyList<SiloEntry>> ListSilosAsync(CancellationToken cancellationToken) => Run<IReadOnlyList<SiloEntry>>(now =>
    [
        .. data.Silos.Select(entry => new SiloEntry(
            entry.Key,
            entry.Value.HasLeft ? SiloStatus.Left : entry.Value.LeaseEnd < now ? SiloStatus.Lost : SiloStatus.Active,
            entry.Value.Address,
            entry.Value.Version,
            entry.Value.StartedAt,
            entry.Value.SeenAt,
            entry.Value.LeaseEnd - now)),
    ]);

    public Task SetReminderAsync(ReminderId id, TimeSpan dueTime, TimeSpan period, CancellationToken cancellationToken) => Run(now =>
    {
        data.Reminders[id] = new InMemoryReminder(now + dueTime, period, now + dueTime, DateTimeOffset.MinValue, 0, 0);
        return true;
    });

    public Task RemoveReminderAsync(ReminderId id, CancellationToken cancellationToken) => Run(_ => data.Reminders.Remove(id));

    public Task<IReadOnlyList<string>> ListRemindersAsync(string grain, string key, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<string>>(_ => [.. data.Reminders.Keys.Where(id => id.Grain == grain
            && id.Key == key).Select(id => id.Name).Order()]);

    public Task<IReadOnlyList<DueReminder>> ClaimRemindersAsync(
        IReadOnlyList<string> grains, TimeSpan lease, int limit, CancellationToken cancellationToken) => Run<IReadOnlyList<DueReminder>>(
            now =>
        {
            List<DueReminder> claimed = [];
            foreach ((ReminderId id, InMemoryReminder reminder) in data.Reminders
                .Where(entry => entry.Value.Due <= now && entry.Value.HeldUntil <= now && grains.Contains(entry.Key.Grain))
                .OrderBy(entry => entry.Value.Due).Take(limit).ToArray())
            {
                long claim = Interlocked.Increment(ref _claims);
                data.Reminders[id] = reminder with { HeldUntil = now + lease, Claim = claim, Attempts = reminder.Attempts + 1 };
                claimed.Add(new DueReminder(id, reminder.FirstDue, reminder.Period, now, claim, reminder.Attempts + 1));
            }

            return claimed;
        });

    public Task CompleteReminderAsync(DueReminder reminder, CancellationToken cancellationToken) => Run(now =>
    {
        if (data.Reminders.TryGetValue(reminder.Id, out InMemoryReminder? held) && held.Claim == reminder.Claim)
        {
            long periods = ((now - held.Due).Ticks / held.Period.Ticks) + 1;
            data.Reminders[reminder.Id] = held with
            {
                Due = held.Due + (periods * held.Period),
                HeldUntil = DateTimeOffset.MinValue,
                Claim = 0,
                Attempts = 0,
            };
        }

        return true;
    });

    public Task DelayReminderAsync(DueReminder reminder, TimeSpan delay, CancellationToken cancellationToken) => Run(now =>
    {
        if (data.Reminders.TryGetValue(reminder.Id, out InMemoryReminder? held) && held.Claim == reminder.Claim)
        {
            data.Reminders[reminder.Id] = held with { HeldUntil = now + delay };
        }

        return true;
    });

    public Task<IReadOnlyList<FeedEvent>> ReadEventsAsync(string? feed, long after, int limit, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<FeedEvent>>(_ =>
            [.. data.Events.Where(entry => entry.Sequence > after && (feed is null || entry.Feed == feed)).Take(limit)]);

    public Task<long> LastEventAsync(CancellationToken cancellationToken) => Run(_ => data.LastSequence);

    public Task TrimAsync(TimeSpan eventAge, int maxEvents, TimeSpan clearedAge, CancellationToken cancellationToken) => Run(now =>
    {
        data.Events.RemoveAll(entry => entry.At < now - eventAge || entry.Sequence <= data.LastSequence - maxEvents);
        foreach (StateId id in data.Rows.Where(row => row.Value.Json is null
            && row.Value.ChangedAt < now - clearedAge).Select(row => row.Key).ToArray())
        {
            data.Rows.Remove(id);
        }

        return true;
    });

    public Task<IReadOnlyList<QueryRow>> ListAsync(StateQuery query, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<QueryRow>>(_ =>
    {
        IEnumerable<QueryRow> rows = Matching(query)
            .Where(row => query.Order is null || row.Row.Fields.ContainsKey(query.Order.Name))
            .Select(row => new QueryRow(row.Key, row.Row.Version, row.Row.Schema, row.Row.Json!, query.Order is null
                ? null : row.Row.Fields[query.Order.Name]));
        Comparison<QueryRow> compare = (left, right) => Compare(left.Order, left.Key, right.Order, right.Key);
        if (query.After is { } after)
        {
            rows = rows.Where(row => Compare(row.Order, row.Key, after.Value, after.Key) * (query.IsDescending ? -1 : 1) > 0);
        }

        rows = query.IsDescending
            ? rows.OrderDescending(Comparer<QueryRow>.Create(compare))
            : rows.Order(Comparer<QueryRow>.Create(compare));
        return [.. rows.Take(query.Limit)];
    });

    public Task<long> CountAsync(StateQuery query, CancellationToken cancellationToken) => Run(_ => Matching(query).LongCount());

    public Task<IReadOnlyDictionary<string, long>> CountByAsync(StateQuery query, StateField field, CancellationToken cancellationToken) =>
        Run<IReadOnlyDictionary<string, long>>(_ => Matching(query)
            .GroupBy(row => row.Row.Fields.TryGetValue(field.Name, out object? value) ? value.ToString()! : "")
            .ToDictionary(group => group.Key, group => group.LongCount()));

    private static int Compare(object? leftOrder, string leftKey, object? rightOrder, string rightKey)
    {
        int orders = (leftOrder, rightOrder) switch
        {
            (long left, long right) => left.CompareTo(right),
            (string left, string right) => CompareText(left, right),
            _ => 0,
        };
        return orders != 0 ? orders : CompareText(leftKey, rightKey);
    }

    /// <summary>By UTF-8 bytes, as both databases compare here.</summary>
    private static int CompareText(string left, string right) =>
        Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));

    private IEnumerable<(string Key, InMemoryRow Row)> Matching(StateQuery query) => data.Rows
        .Where(entry => entry.Key.Kind == query.Kind && entry.Value.Json is not null
            && (query.KeyPrefix is null || entry.Key.Key.StartsWith(query.KeyPrefix, StringComparison.Ordinal))
            && query.Conditions.All(condition => Meets(entry.Value, condition)))
        .Select(entry => (entry.Key.Key, entry.Value));

    private static bool Meets(InMemoryRow row, FieldCondition condition)
    {
        if (!row.Fields.TryGetValue(condition.Field.Name, out object? value))
        {
            return condition.Comparison == FieldComparison.Missing;
        }

        return condition.Comparison switch
        {
            FieldComparison.Equal or FieldComparison.In => condition.Values.Contains(value),
            FieldComparison.NotEqual => !condition.Values.Contains(value),
            FieldComparison.AtLeast => Compare(value, "", condition.Values[0], "") >= 0,
            FieldComparison.Below => Compare(value, "", condition.Values[0], "") < 0,
            _ => false,
        };
    }

    private Task<T> Run<T>(Func<DateTimeOffset, T> work)
    {
        lock (data.Gate)
        {
            InMemoryStore.RequireHere(data);
            return Task.FromResult(work(time.GetUtcNow()));
        }
    }
}
