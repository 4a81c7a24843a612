namespace PhaseMesh.Cluster.Stores;

/// <summary>What waits in a pump's queue.</summary>
internal abstract class StorageRequest(StateId id, long deadline)
{
    private const int Queued = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private int _stage;

    public StateId Id => id;

    /// <summary>Timestamp of the cluster's clock after which nobody waits any more.</summary>
    public long Deadline => deadline;

    /// <summary>A statement with this write went out and its answer never came.</summary>
    public bool IsOutcomeUnknown { get; set; }

    public abstract bool IsDone { get; }

    /// <returns>False where it was withdrawn: it must not be sent.</returns>
    public bool TryTake() => Interlocked.CompareExchange(ref _stage, Taken, Queued) != Withdrawn;

    /// <summary>It wasn't sent after all.</summary>
    public void PutBack() => Interlocked.CompareExchange(ref _stage, Queued, Taken);

    /// <returns>True: it was never sent and never will be.</returns>
    public bool TryWithdraw() => Interlocked.CompareExchange(ref _stage, Withdrawn, Queued) != Taken;

    public abstract void Fail(Exception exception);
}

/// <param name="id">Which state.</param>
/// <param name="knownVersion">The version at hand, -1 for none: the state isn't sent again if it is still that one.</param>
/// <param name="deadline">See <see cref="StorageRequest.Deadline"/>.</param>
internal sealed class StateRead(StateId id, long knownVersion, long deadline) : StorageRequest(id, deadline)
{
    private readonly TaskCompletionSource<StoredState> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long KnownVersion => knownVersion;

    public Task<StoredState> Task => _completion.Task;

    public override bool IsDone => _completion.Task.IsCompleted;

    public void Complete(StoredState state) => _completion.TrySetResult(state);

    public override void Fail(Exception exception) => _completion.TrySetException(exception);
}

/// <param name="Version">0 where there never was a record.</param>
/// <param name="Schema">The version of the state's shape.</param>
/// <param name="Json">Null where there is no record now, or where the version is the one the reader knew.</param>
/// <param name="IsUnchanged">The version is the one the reader knew.</param>
internal readonly record struct StoredState(long Version, int Schema, byte[]? Json, bool IsUnchanged);

/// <summary>One compare-and-swap: the row must have <see cref="ExpectedVersion"/> and gets the next one.</summary>
internal sealed class StateWrite(StateId id, long deadline) : StorageRequest(id, deadline)
{
    private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>0: there must be no row.</summary>
    public required long ExpectedVersion { get; init; }

    public required int Schema { get; init; }

    /// <summary>Null: the record goes, its version stays.</summary>
    public required byte[]? Json { get; init; }

    /// <summary>The declared fields as a JSON object; "{}" where there are none.</summary>
    public required string Fields { get; init; }

    public IReadOnlyList<PendingEvent> Events { get; init; } = [];

    /// <summary>Random; kept in the row, so that a write whose answer was lost is found again and never done twice.</summary>
    public long Tag { get; } = Random.Shared.NextInt64(1, long.MaxValue);

    /// <summary>True: written; false: the version was another.</summary>
    public Task<bool> Task => _completion.Task;

    public override bool IsDone => _completion.Task.IsCompleted;

    public void Complete(bool isWritten) => _completion.TrySetResult(isWritten);

    /// <summary>The row was found with another version: either somebody else's write, or this very one, sent before.</summary>
    public void CompleteFrom(long foundVersion, long foundTag)
    {
        if (foundVersion == ExpectedVersion + 1 && foundTag == Tag)
        {
            Complete(true);
        }
        else if (IsOutcomeUnknown && foundVersion > ExpectedVersion + 1)
        {
            Fail(new WriteOutcomeUnknownException(
                $"A write of {Id.Kind}/{Id.Key} lost its connection, and the state has moved from version {ExpectedVersion} to "
                    + $"{foundVersion} since: "
                + "it can't be told whether it happened. Read the state to decide."));
        }
        else
        {
            Complete(false);
        }
    }

    public override void Fail(Exception exception) => _completion.TrySetException(exception);
}

/// <param name="Feed">The feed's name.</param>
/// <param name="Payload">The event's JSON.</param>
internal readonly record struct PendingEvent(string Feed, string Payload);
