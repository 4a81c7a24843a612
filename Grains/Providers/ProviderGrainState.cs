namespace PhaseMesh.Grains.Providers;

/// <summary>What a provider's grain keeps.</summary>
[GenerateSerializer]
internal sealed class ProviderGrainState
{
    [Id(0)]
    [GrainField]
    public ProviderState State { get; set; }

    [Id(1)]
    public string Reason { get; set; } = "";

    [Id(2)]
    public DateTimeOffset StateSince { get; set; }

    [Id(3)]
    [GrainField]
    public string Arch { get; set; } = "";

    [Id(4)]
    [GrainField]
    public DateTimeOffset LastSeenAt { get; set; }

    /// <summary>Somebody or something let its key in once; holds until it is forgotten.</summary>
    [Id(5)]
    [GrainField]
    public bool IsAdmitted { get; set; }

    /// <summary>Drained by an operator, so enrolling again doesn't end it.</summary>
    [Id(6)]
    public bool IsDrainedByOperator { get; set; }

    [Id(7)]
    public ProviderEnrolment Enrolment { get; set; } = new();

    [Id(8)]
    public ProviderAdmission Admission { get; set; } = new(AdmissionKind.Known);

    [Id(9)]
    public DateTimeOffset EnrolledAt { get; set; }

    [Id(10)]
    public ImmutableArray<string> Replicas { get; set; } = [];

    [Id(11)]
    public ProviderLoad Load { get; set; } = new(0, 0);

    [Id(12)]
    public ProviderHealth Health { get; set; }

    /// <summary>Of the last heartbeat that was written.</summary>
    [Id(13)]
    public DateTimeOffset HeartbeatSignedAt { get; set; }

    /// <summary>When the replicas' grains were last told all.</summary>
    [Id(14)]
    public DateTimeOffset ReplicasToldAt { get; set; }

    [Id(15)]
    public List<Accusation> Accusations { get; set; } = [];

    /// <summary>Set by an operator.</summary>
    [Id(16)]
    public double Weight { get; set; } = ProviderLimits.DefaultWeight;
}
