namespace PhaseMesh.Grains.BootSessions;

/// <summary>What happens to boots, on all silos, in one order; of one boot in its order. Kept for a bounded time.</summary>
public interface IBootFeed
{
    /// <summary>For grains: goes out with the write of this turn, if and only if that happens.</summary>
    ValueTask TellAsync(BootFeedEvent told);

    /// <summary>Without end.</summary>
    /// <param name="after">The <see cref="BootFeedItem.Sequence"/> seen last; null: only what comes from now on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    IAsyncEnumerable<BootFeedItem> FollowAsync(long? after = null, CancellationToken cancellationToken = default);
}

/// <param name="Sequence">Grows; with gaps.</param>
/// <param name="At">When it was written.</param>
/// <param name="Event">What happened.</param>
public sealed record BootFeedItem(long Sequence, DateTimeOffset At, BootFeedEvent Event);

/// <summary>A boot as it is after what happened, in short.</summary>
[GenerateSerializer]
[Immutable]
public sealed record BootFeedEvent
{
    [Id(0)]
    public string BootId { get; init; } = "";

    /// <summary>What happened: a phase's name in lower case, or <c>progress</c>, <c>stuck</c>, <c>lost</c>, <c>enrolled</c>.</summary>
    [Id(1)]
    public string What { get; init; } = "";

    [Id(2)]
    public BootPhase Phase { get; init; }

    [Id(3)]
    public BootOutcome Outcome { get; init; }

    [Id(4)]
    public string Channel { get; init; } = "";

    [Id(5)]
    public string Arch { get; init; } = "";

    [Id(6)]
    public string? MachineId { get; init; }

    [Id(7)]
    public long? Release { get; init; }

    [Id(8)]
    public long BytesFetched { get; init; }

    [Id(9)]
    public long BytesTotal { get; init; }

    [Id(10)]
    public long BytesPerSecond { get; init; }

    [Id(11)]
    public string? Reason { get; init; }

    [Id(12)]
    public string? Provider { get; init; }

    [Id(13)]
    public DateTimeOffset CreatedAt { get; init; }
}
