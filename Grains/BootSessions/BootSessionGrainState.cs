namespace PhaseMesh.Grains.BootSessions;

/// <summary>What a boot session keeps.</summary>
[GenerateSerializer]
internal sealed class BootSessionGrainState
{
    [Id(0)]
    public BootCreation Creation { get; set; } = new();

    [Id(1)]
    [GrainField]
    public string Channel { get; set; } = "";

    [Id(2)]
    [GrainField]
    public string Arch { get; set; } = "";

    [Id(3)]
    [GrainField]
    public string? MachineId { get; set; }

    [Id(4)]
    [GrainField]
    public BootPhase Phase { get; set; }

    [Id(5)]
    [GrainField]
    public BootOutcome Outcome { get; set; }

    /// <summary>What it boots; first what it was given, then what it said.</summary>
    [Id(6)]
    [GrainField]
    public long? Release { get; set; }

    [Id(7)]
    [GrainField]
    public string? Reason { get; set; }

    /// <summary>Who redeemed the ticket.</summary>
    [Id(8)]
    [GrainField]
    public string? Provider { get; set; }

    /// <summary>Whom it fetched from first.</summary>
    [Id(9)]
    [GrainField]
    public string? Source { get; set; }

    [Id(10)]
    [GrainField]
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Null once it ended.</summary>
    [Id(11)]
    [GrainField]
    public DateTimeOffset? Deadline { get; set; }

    /// <summary>It passed its deadline, and that was told.</summary>
    [Id(12)]
    [GrainField]
    public bool IsStuck { get; set; }

    [Id(13)]
    public DateTimeOffset UpdatedAt { get; set; }

    [Id(14)]
    public DateTimeOffset? FinishedAt { get; set; }

    [Id(15)]
    public BootFacts Facts { get; set; } = new();

    [Id(16)]
    public ImmutableArray<BootPhaseTime> Phases { get; set; } = [];

    /// <summary>Of the requests that created it.</summary>
    [Id(17)]
    public List<string> Nonces { get; set; } = [];

    [Id(18)]
    public string TicketHash { get; set; } = "";

    [Id(19)]
    public DateTimeOffset TicketExpires { get; set; }
}
