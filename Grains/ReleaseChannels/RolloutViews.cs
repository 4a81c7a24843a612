namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>What shall change; null leaves it as it is.</summary>
[GenerateSerializer]
[Immutable]
public sealed record RolloutChange
{
    /// <summary>0 to 100.</summary>
    [Id(0)]
    public int? Percent { get; init; }

    /// <summary>True: nobody gets the newest release until false comes, which also ends a halt.</summary>
    [Id(1)]
    public bool? Paused { get; init; }

    /// <summary>Above this failure rate the rollout halts by itself; 0 to 1; 1 never halts.</summary>
    [Id(2)]
    public double? HaltFailureRate { get; init; }

    /// <summary>Fewer finished boots than this decide nothing; 1 to 100,000.</summary>
    [Id(3)]
    public int? MinimumBoots { get; init; }

    [Id(4)]
    public string Actor { get; init; } = "";
}

[GenerateSerializer]
[Immutable]
public sealed record RolloutView
{
    [Id(0)]
    public long Release { get; init; }

    [Id(1)]
    public int Percent { get; init; }

    [Id(2)]
    public bool IsPaused { get; init; }

    /// <summary>It stopped by itself; <see cref="HaltReason"/> says why.</summary>
    [Id(3)]
    public bool IsHalted { get; init; }

    [Id(4)]
    public string? HaltReason { get; init; }

    [Id(5)]
    public DateTimeOffset? HaltedAt { get; init; }

    [Id(6)]
    public double HaltFailureRate { get; init; }

    [Id(7)]
    public int MinimumBoots { get; init; }

    /// <summary>Boots are counted from here on.</summary>
    [Id(8)]
    public DateTimeOffset CountedFrom { get; init; }

    [Id(9)]
    public DateTimeOffset ChangedAt { get; init; }

    [Id(10)]
    public string ChangedBy { get; init; } = "";

    /// <summary>Counted boots; only in the answer of <see cref="IReleaseChannelGrain.EvaluateRolloutAsync"/>.</summary>
    [Id(11)]
    public ReleaseHealth? Health { get; init; }
}

/// <summary>How the boots of a release went.</summary>
/// <param name="Running">Not finished yet.</param>
/// <param name="Joined">Finished well.</param>
/// <param name="Failed">Said that they failed.</param>
/// <param name="Lost">Fell silent.</param>
[GenerateSerializer]
[Immutable]
public sealed record ReleaseHealth(
    [property: Id(0)] long Running,
    [property: Id(1)] long Joined,
    [property: Id(2)] long Failed,
    [property: Id(3)] long Lost)
{
    public long Finished => Joined + Failed + Lost;

    /// <summary>Failed and lost ones among the finished, 0 to 1; 0 where none finished.</summary>
    public double FailureRate => Finished == 0 ? 0 : (double)(Failed + Lost) / Finished;
}
