using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;

namespace PhaseMesh.Cluster.Stores;

/// <summary>What is asked of a storage at a low rate. All times are the storage's.</summary>
internal interface IStoreTables
{
    /// <returns>The new generation: one above the highest this name ever had here.</returns>
    Task<long> JoinAsync(string name, string address, string version, TimeSpan lease, CancellationToken cancellationToken);

    /// <returns>False where the entry is gone or said goodbye: join again.</returns>
    Task<bool> RenewAsync(SiloIdentity silo, TimeSpan lease, CancellationToken cancellationToken);

    Task LeaveAsync(SiloIdentity silo, CancellationToken cancellationToken);

    /// <summary>Drops entries whose lease ended that long ago.</summary>
    Task ForgetSilosAsync(TimeSpan age, CancellationToken cancellationToken);

    Task<IReadOnlyList<SiloEntry>> ListSilosAsync(CancellationToken cancellationToken);

    Task SetReminderAsync(ReminderId id, TimeSpan dueTime, TimeSpan period, CancellationToken cancellationToken);

    Task RemoveReminderAsync(ReminderId id, CancellationToken cancellationToken);

    /// <returns>The names of the grain's reminders.</returns>
    Task<IReadOnlyList<string>> ListRemindersAsync(string grain, string key, CancellationToken cancellationToken);

    /// <summary>Takes due reminders that nobody holds, for that long.</summary>
    Task<IReadOnlyList<DueReminder>> ClaimRemindersAsync(
        IReadOnlyList<string> grains, TimeSpan lease, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// It ran: due again at the next multiple of its period. Nothing happens where the claim was lost or the reminder set anew.
    /// </summary>
    Task CompleteReminderAsync(DueReminder reminder, CancellationToken cancellationToken);

    /// <summary>It failed: stays due, held back for that long.</summary>
    Task DelayReminderAsync(DueReminder reminder, TimeSpan delay, CancellationToken cancellationToken);

    /// <param name="feed">Null: all feeds.</param>
    /// <param name="after">The sequence seen last.</param>
    /// <param name="limit">The most to return.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<FeedEvent>> ReadEventsAsync(string? feed, long after, int limit, CancellationToken cancellationToken);

    /// <returns>The highest sequence ever used; 0 for none.</returns>
    Task<long> LastEventAsync(CancellationToken cancellationToken);

    /// <summary>Drops old events and the remains of records cleared long ago.</summary>
    Task TrimAsync(TimeSpan eventAge, int maxEvents, TimeSpan clearedAge, CancellationToken cancellationToken);

    Task<IReadOnlyList<QueryRow>> ListAsync(StateQuery query, CancellationToken cancellationToken);

    Task<long> CountAsync(StateQuery query, CancellationToken cancellationToken);

    Task<IReadOnlyDictionary<string, long>> CountByAsync(StateQuery query, StateField field, CancellationToken cancellationToken);
}

internal readonly record struct ReminderId(string Grain, string Key, string Name);

/// <param name="Id">Whose.</param>
/// <param name="FirstDue">The first time it was ever due.</param>
/// <param name="Period">From one due time to the next.</param>
/// <param name="Now">The storage's time at the claim.</param>
/// <param name="Claim">Tells this claim from others.</param>
/// <param name="Attempt">From 1; grows while it fails.</param>
internal sealed record DueReminder(ReminderId Id, DateTimeOffset FirstDue, TimeSpan Period, DateTimeOffset Now, long Claim, int Attempt);

/// <param name="Kind">Which states.</param>
/// <param name="Conditions">All must hold.</param>
/// <param name="KeyPrefix">What keys begin with, or null.</param>
/// <param name="Order">Ordered by this, then by key; null: by key.</param>
/// <param name="IsDescending">The direction of both.</param>
/// <param name="After">Where the page before ended.</param>
/// <param name="Limit">The most rows.</param>
internal sealed record StateQuery(
    string Kind,
    IReadOnlyList<FieldCondition> Conditions,
    string? KeyPrefix,
    StateField? Order,
    bool IsDescending,
    QueryPosition? After,
    int Limit);

/// <param name="Value">Of the ordering field; null where ordered by key.</param>
/// <param name="Key">The last key.</param>
internal sealed record QueryPosition(object? Value, string Key);

/// <param name="Key">The grain's key.</param>
/// <param name="Version">The state's version.</param>
/// <param name="Schema">The version of its shape.</param>
/// <param name="Json">The state.</param>
/// <param name="Order">The ordering field's value: string or long.</param>
internal sealed record QueryRow(string Key, long Version, int Schema, byte[] Json, object? Order);
