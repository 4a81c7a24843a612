namespace PhaseMesh.Grains.Artifacts;

/// <summary>The bounds of artifacts.</summary>
public static class ArtifactLimits
{
    public const int MaxReplicasWanted = 10_000;

    /// <summary>Channels that may offer one artifact.</summary>
    public const int MaxChannels = 64;
}

/// <summary>What a release says of an artifact.</summary>
[GenerateSerializer]
[Immutable]
public sealed record ArtifactDescription
{
    /// <summary>kernel, initramfs or rootfs.</summary>
    [Id(0)]
    public string Kind { get; init; } = "";

    [Id(1)]
    public long SizeBytes { get; init; }

    /// <summary>0: the release has no chunk digests for it.</summary>
    [Id(2)]
    public int ChunkSizeBytes { get; init; }

    [Id(3)]
    public int ChunkCount { get; init; }

    /// <summary>
    /// The manifest that holds the chunk digests: digest of its bytes, key of its <see cref="ReleaseChannels.IManifestGrain"/>.
    /// </summary>
    [Id(4)]
    public string Manifest { get; init; } = "";

    /// <summary>The offering channel's key.</summary>
    [Id(5)]
    public string Channel { get; init; } = "";
}

[GenerateSerializer]
[Immutable]
public sealed record ArtifactView
{
    [Id(0)]
    public string Digest { get; init; } = "";

    [Id(1)]
    public string Kind { get; init; } = "";

    [Id(2)]
    public long SizeBytes { get; init; }

    [Id(3)]
    public int ChunkSizeBytes { get; init; }

    [Id(4)]
    public int ChunkCount { get; init; }

    /// <summary>Where the chunk digests are.</summary>
    [Id(5)]
    public string Manifest { get; init; } = "";

    /// <summary>Channels that offer it now.</summary>
    [Id(6)]
    public ImmutableArray<string> Channels { get; init; } = [];

    [Id(7)]
    public int ReplicasWanted { get; init; }

    /// <summary>Offered by serving providers and not refuted; of an index only.</summary>
    [Id(8)]
    public long? ReplicasLive { get; init; }

    /// <summary>Those of them that someone else verified; of an index only.</summary>
    [Id(9)]
    public long? ReplicasVerified { get; init; }
}

/// <summary>What is known of a replica.</summary>
[GenerateSerializer]
public enum ReplicaStanding
{
    /// <summary>Its provider verified it against the signed digest, and says so, signed.</summary>
    Reported,

    /// <summary>Someone else got it from there and verified it too.</summary>
    Verified,

    /// <summary>The provider was proven to send something else.</summary>
    Refuted,

    /// <summary>Not offered now.</summary>
    Withdrawn,
}

[GenerateSerializer]
[Immutable]
public sealed record ReplicaView
{
    [Id(0)]
    public string Artifact { get; init; } = "";

    [Id(1)]
    public string Provider { get; init; } = "";

    [Id(2)]
    public ReplicaStanding Standing { get; init; }

    /// <summary>Since when in this standing.</summary>
    [Id(3)]
    public DateTimeOffset Since { get; init; }

    /// <summary>First report.</summary>
    [Id(4)]
    public DateTimeOffset FirstReportedAt { get; init; }

    /// <summary>Who verified it last, or why it was refuted.</summary>
    [Id(5)]
    public string? Evidence { get; init; }
}
