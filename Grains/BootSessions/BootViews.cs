namespace PhaseMesh.Grains.BootSessions;

/// <summary>The bounds of what a booting machine says.</summary>
public static class BootLimits
{
    public const int MaxEventsPerCall = 64;
    public const int MaxMachineIdLength = 128;
    public const int MaxSources = 8;
    public const int MaxSourceLength = 256;

    /// <summary>Of a-z, 0-9, '_' and '-': a kind, not a story.</summary>
    public const int MaxReasonLength = 64;

    public const int MaxDetailLength = 1024;
    public const int MaxTraceLength = 128;

    /// <summary>Characters of one call.</summary>
    public const int MaxLogLength = 16 * 1024;

    /// <summary>Characters kept of the log's beginning, and of its end.</summary>
    public const int KeptLogLength = 32 * 1024;
}

/// <summary>A boot begins.</summary>
[GenerateSerializer]
[Immutable]
public sealed record BootCreation
{
    /// <summary>The agent's ephemeral key, which signed the request.</summary>
    [Id(0)]
    public string Owner { get; init; } = "";

    /// <summary>Of that request: the same one can't be sent again.</summary>
    [Id(1)]
    public string Nonce { get; init; } = "";

    /// <summary>Stable over boots, at most 128 of letters, digits, '.', '_', ':' and '-'; null where the machine has none.</summary>
    [Id(2)]
    public string? MachineId { get; init; }

    [Id(3)]
    public string Channel { get; init; } = "";

    [Id(4)]
    public string Arch { get; init; } = "";

    /// <summary>internet, local or private.</summary>
    [Id(5)]
    public string Mode { get; init; } = "";

    /// <summary>W3C traceparent.</summary>
    [Id(6)]
    public string? Trace { get; init; }

    /// <summary>Where the request came from.</summary>
    [Id(7)]
    public string? SourceAddress { get; init; }
}

/// <param name="Ticket">To be handed to the booted node; nowhere else to be had. Null where it was redeemed already.</param>
/// <param name="TicketExpires">From then on it is refused.</param>
/// <param name="Current">What this machine shall boot; null where the channel has nothing for it.</param>
[GenerateSerializer]
[Immutable]
public sealed record BootCreated(
    [property: Id(0)] string? Ticket,
    [property: Id(1)] DateTimeOffset TicketExpires,
    [property: Id(2)] ReleaseChannels.ReleaseAssignment? Current);

/// <summary>What happened. What isn't of the phase is left out.</summary>
[GenerateSerializer]
[Immutable]
public sealed record BootEvent
{
    [Id(0)]
    public BootPhase Phase { get; init; }

    /// <summary>By the machine's clock, which may be wrong.</summary>
    [Id(1)]
    public DateTimeOffset At { get; init; }

    /// <summary>Manifest: digest of its bytes.</summary>
    [Id(2)]
    public string? Manifest { get; init; }

    /// <summary>Manifest.</summary>
    [Id(3)]
    public long? Release { get; init; }

    /// <summary>Manifest.</summary>
    [Id(4)]
    public string? Version { get; init; }

    /// <summary>Fetching: so far, over all artifacts.</summary>
    [Id(5)]
    public long? BytesFetched { get; init; }

    /// <summary>Fetching.</summary>
    [Id(6)]
    public long? BytesTotal { get; init; }

    /// <summary>Fetching.</summary>
    [Id(7)]
    public long? BytesPerSecond { get; init; }

    /// <summary>
    /// Discovered, fetching, verified: provider keys or URLs; at most <see cref="BootLimits.MaxSources"/> of 256 characters.
    /// </summary>
    [Id(8)]
    public ImmutableArray<string> From { get; init; } = [];

    /// <summary>Failed: what kind, such as <c>no_provider</c>.</summary>
    [Id(9)]
    public string? Reason { get; init; }

    /// <summary>Failed: the story, at most 1024 characters.</summary>
    [Id(10)]
    public string? Detail { get; init; }
}

/// <param name="Phase">Which.</param>
/// <param name="At">By the machine's clock, the earliest it told.</param>
/// <param name="ReceivedAt">When the fleet first heard of it.</param>
[GenerateSerializer]
[Immutable]
public sealed record BootPhaseTime(
    [property: Id(0)] BootPhase Phase,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] DateTimeOffset ReceivedAt);

[GenerateSerializer]
[Immutable]
public sealed record BootSessionView
{
    [Id(0)]
    public string BootId { get; init; } = "";

    [Id(1)]
    public BootPhase Phase { get; init; }

    [Id(2)]
    public BootOutcome Outcome { get; init; }

    /// <summary>It runs, and said nothing for longer than its phase allows.</summary>
    [Id(3)]
    public bool IsStuck { get; init; }

    [Id(4)]
    public string? MachineId { get; init; }

    [Id(5)]
    public string Channel { get; init; } = "";

    [Id(6)]
    public string Arch { get; init; } = "";

    [Id(7)]
    public string Mode { get; init; } = "";

    [Id(8)]
    public string? Trace { get; init; }

    [Id(9)]
    public string? SourceAddress { get; init; }

    [Id(10)]
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The last event's arrival.</summary>
    [Id(11)]
    public DateTimeOffset UpdatedAt { get; init; }

    [Id(12)]
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Silent longer than this: stuck.</summary>
    [Id(13)]
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>What it boots; until it said so, what it was given.</summary>
    [Id(14)]
    public long? Release { get; init; }

    [Id(15)]
    public string? Version { get; init; }

    [Id(16)]
    public string? Manifest { get; init; }

    [Id(17)]
    public long BytesFetched { get; init; }

    [Id(18)]
    public long BytesTotal { get; init; }

    [Id(19)]
    public long BytesPerSecond { get; init; }

    /// <summary>Whom it fetched from, the first one first.</summary>
    [Id(20)]
    public ImmutableArray<string> Sources { get; init; } = [];

    /// <summary>Failed: what kind; lost: <c>silent</c>.</summary>
    [Id(21)]
    public string? Reason { get; init; }

    [Id(22)]
    public string? Detail { get; init; }

    /// <summary>The provider it became: who redeemed its ticket.</summary>
    [Id(23)]
    public string? Provider { get; init; }

    /// <summary>In order of the phases.</summary>
    [Id(24)]
    public ImmutableArray<BootPhaseTime> Phases { get; init; } = [];

    /// <summary>Whom it found.</summary>
    [Id(25)]
    public ImmutableArray<string> Found { get; init; } = [];
}
