namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>The bounds of a release channel.</summary>
public static class ReleaseChannelLimits
{
    /// <summary>Releases that are remembered, the newest ones.</summary>
    public const int MaxHistory = 50;

    public const int MaxTrustedKeys = 16;
}

/// <summary>How a release came to be the newest of its channel.</summary>
[GenerateSerializer]
public enum ReleaseOrigin
{
    Published,

    /// <summary>It repeats the artifacts of another channel's newest release.</summary>
    Promoted,

    /// <summary>It repeats the artifacts of an earlier release of this channel.</summary>
    RolledBack,
}

/// <summary>A manifest that shall become the newest release.</summary>
[GenerateSerializer]
[Immutable]
public sealed record ReleaseProposal
{
    /// <summary>The signed manifest exactly as it will be served; at most 1 MiB.</summary>
    [Id(0)]
    public ReadOnlyMemory<byte> Manifest { get; init; }

    [Id(1)]
    public ReleaseOrigin Origin { get; init; }

    /// <summary>Promotion: the channel to repeat, such as <c>testing</c>.</summary>
    [Id(2)]
    public string? PromotedFrom { get; init; }

    /// <summary>Percent of machines to begin with, 0 to 100. Null: 100.</summary>
    [Id(3)]
    public int? Percent { get; init; }

    /// <summary>Who asks, for the history: the operator's key id.</summary>
    [Id(4)]
    public string Actor { get; init; } = "";
}

/// <summary>A release as the channel remembers it.</summary>
[GenerateSerializer]
[Immutable]
public sealed record ReleaseView
{
    [Id(0)]
    public long Release { get; init; }

    [Id(1)]
    public string Version { get; init; } = "";

    /// <summary><c>sha256:</c> of the manifest's bytes; the key of its <see cref="IManifestGrain"/>.</summary>
    [Id(2)]
    public string Manifest { get; init; } = "";

    [Id(3)]
    public int ManifestBytes { get; init; }

    [Id(4)]
    public ImmutableArray<ReleaseArtifact> Artifacts { get; init; } = [];

    /// <summary>The trusted keys that signed it.</summary>
    [Id(5)]
    public ImmutableArray<string> Signers { get; init; } = [];

    [Id(6)]
    public DateTimeOffset PublishedAt { get; init; }

    [Id(7)]
    public string PublishedBy { get; init; } = "";

    [Id(8)]
    public ReleaseOrigin Origin { get; init; }

    /// <summary>Promotion: the channel; roll-back: the release number whose artifacts it repeats.</summary>
    [Id(9)]
    public string? Repeats { get; init; }

    [Id(10)]
    public DateTimeOffset? Expires { get; init; }
}

/// <param name="Kind">kernel, initramfs or rootfs.</param>
/// <param name="Digest"><c>sha256:</c> and hex.</param>
/// <param name="SizeBytes">Its size.</param>
[GenerateSerializer]
[Immutable]
public sealed record ReleaseArtifact(
    [property: Id(0)] string Kind,
    [property: Id(1)] string Digest,
    [property: Id(2)] long SizeBytes);

/// <summary>Whose signatures count.</summary>
/// <param name="Keys">Key ids; at most <see cref="ReleaseChannelLimits.MaxTrustedKeys"/>.</param>
/// <param name="Threshold">How many of them must have signed.</param>
[GenerateSerializer]
[Immutable]
public sealed record ReleaseChannelTrust(
    [property: Id(0)] ImmutableArray<string> Keys,
    [property: Id(1)] int Threshold = 1);

[GenerateSerializer]
[Immutable]
public sealed record ReleaseChannelView
{
    [Id(0)]
    public string Channel { get; init; } = "";

    [Id(1)]
    public string Arch { get; init; } = "";

    /// <summary>The newest release, which <see cref="Rollout"/> is about.</summary>
    [Id(2)]
    public ReleaseView Current { get; init; } = new();

    /// <summary>What machines outside the rollout get: the last release that everyone got.</summary>
    [Id(3)]
    public ReleaseView? Settled { get; init; }

    [Id(4)]
    public RolloutView Rollout { get; init; } = new();

    /// <summary>Empty while the silo's configured keys count.</summary>
    [Id(5)]
    public ImmutableArray<string> TrustedKeys { get; init; } = [];
}

/// <summary>What a machine shall boot, and why.</summary>
[GenerateSerializer]
[Immutable]
public sealed record ReleaseAssignment
{
    [Id(0)]
    public long Release { get; init; }

    /// <summary>Digest of the manifest.</summary>
    [Id(1)]
    public string Manifest { get; init; } = "";

    [Id(2)]
    public string Version { get; init; } = "";

    /// <summary>Whether it is the channel's newest.</summary>
    [Id(3)]
    public bool IsNewest { get; init; }
}
