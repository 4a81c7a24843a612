namespace PhaseMesh.Grains.Providers;

/// <summary>The bounds of what a node says about itself.</summary>
public static class ProviderLimits
{
    public const int MaxAddresses = 16;
    public const int MaxAddressLength = 256;
    public const int MaxUrls = 16;
    public const int MaxUrlLength = 512;
    public const int MaxCapabilities = 32;

    /// <summary>Of a-z, 0-9, '.', '_' and '-'.</summary>
    public const int MaxCapabilityLength = 64;

    public const int MaxReplicas = 256;

    /// <summary>Accusations that are remembered.</summary>
    public const int MaxAccusations = 32;

    public const int MaxReasonLength = 512;

    public const double DefaultWeight = 1;

    /// <summary>From 0, which takes no clients, to this; 2 takes twice as many as 1.</summary>
    public const double MaxWeight = 100;
}

/// <summary>What a node says when it enrols.</summary>
[GenerateSerializer]
[Immutable]
public sealed record ProviderEnrolment
{
    /// <summary>libp2p multiaddrs.</summary>
    [Id(0)]
    public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>http or https.</summary>
    [Id(1)]
    public ImmutableArray<string> Urls { get; init; } = [];

    [Id(2)]
    public string Arch { get; init; } = "";

    [Id(3)]
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>Digests of artifacts it verified and serves.</summary>
    [Id(4)]
    public ImmutableArray<string> Replicas { get; init; } = [];

    /// <summary>For people, such as a host name; at most 256 characters.</summary>
    [Id(5)]
    public string? Name { get; init; }

    /// <summary>When the node signed the request.</summary>
    [Id(6)]
    public DateTimeOffset SignedAt { get; init; }
}

/// <param name="Kind">How.</param>
/// <param name="Reference">The boot id, or the token's id; empty for others.</param>
[GenerateSerializer]
[Immutable]
public sealed record ProviderAdmission(
    [property: Id(0)] AdmissionKind Kind,
    [property: Id(1)] string Reference = "");

/// <summary>How busy a provider is.</summary>
/// <param name="RequestsInFlight">Now.</param>
/// <param name="BytesPerSecond">Sent, lately.</param>
/// <param name="CapacityBytesPerSecond">What it believes it can send; 0: unknown.</param>
[GenerateSerializer]
[Immutable]
public sealed record ProviderLoad(
    [property: Id(0)] int RequestsInFlight,
    [property: Id(1)] long BytesPerSecond,
    [property: Id(2)] long CapacityBytesPerSecond = 0);

[GenerateSerializer]
[Immutable]
public sealed record ProviderHeartbeat
{
    [Id(0)]
    public ProviderLoad Load { get; init; } = new(0, 0);

    [Id(1)]
    public ProviderHealth Health { get; init; }

    /// <summary>All it serves; null: as before.</summary>
    [Id(2)]
    public ImmutableArray<string>? Replicas { get; init; }

    /// <summary>When the node signed the request.</summary>
    [Id(3)]
    public DateTimeOffset SignedAt { get; init; }
}

/// <param name="State">What it is now.</param>
/// <param name="HeartbeatSeconds">When to come again.</param>
[GenerateSerializer]
[Immutable]
public sealed record HeartbeatAnswer(
    [property: Id(0)] ProviderState State,
    [property: Id(1)] int HeartbeatSeconds);

[GenerateSerializer]
[Immutable]
public sealed record ProviderView
{
    [Id(0)]
    public string Key { get; init; } = "";

    [Id(1)]
    public ProviderState State { get; init; }

    /// <summary>Why it is in this state, for people.</summary>
    [Id(2)]
    public string Reason { get; init; } = "";

    [Id(3)]
    public DateTimeOffset StateSince { get; init; }

    [Id(4)]
    public ImmutableArray<string> Addresses { get; init; } = [];

    [Id(5)]
    public ImmutableArray<string> Urls { get; init; } = [];

    [Id(6)]
    public string Arch { get; init; } = "";

    [Id(7)]
    public ImmutableArray<string> Capabilities { get; init; } = [];

    [Id(8)]
    public ImmutableArray<string> Replicas { get; init; } = [];

    [Id(9)]
    public ProviderLoad Load { get; init; } = new(0, 0);

    [Id(10)]
    public ProviderHealth Health { get; init; }

    /// <summary>Its last heartbeat; may be up to <c>FleetOptions.PersistHeartbeatEvery</c> older than the truth.</summary>
    [Id(11)]
    public DateTimeOffset LastSeenAt { get; init; }

    [Id(12)]
    public DateTimeOffset EnrolledAt { get; init; }

    [Id(13)]
    public AdmissionKind Admission { get; init; }

    /// <summary>The boot it came from, or the token it brought.</summary>
    [Id(14)]
    public string AdmissionReference { get; init; } = "";

    [Id(15)]
    public bool AwaitsApproval { get; init; }

    [Id(16)]
    public string? Name { get; init; }

    /// <summary>What was said against it, newest last.</summary>
    [Id(17)]
    public ImmutableArray<Accusation> Accusations { get; init; } = [];

    /// <summary>Its share of clients, see <see cref="ProviderLimits.MaxWeight"/>.</summary>
    [Id(18)]
    public double Weight { get; init; } = ProviderLimits.DefaultWeight;
}
