namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>What a release channel remembers.</summary>
[GenerateSerializer]
internal sealed class ReleaseChannelGrainState
{
    [Id(0)]
    [GrainField]
    public string Channel { get; set; } = "";

    [Id(1)]
    [GrainField]
    public string Arch { get; set; } = "";

    /// <summary>The newest one's number, also the highest ever.</summary>
    [Id(2)]
    [GrainField]
    public long? Release { get; set; }

    /// <summary>Newest first; at most <see cref="ReleaseChannelLimits.MaxHistory"/>.</summary>
    [Id(3)]
    public List<ReleaseView> History { get; set; } = [];

    /// <summary>The last release that everyone got, before the newest.</summary>
    [Id(4)]
    public ReleaseView? Settled { get; set; }

    [Id(5)]
    public RolloutView Rollout { get; set; } = new();

    [Id(6)]
    public ImmutableArray<string> TrustedKeys { get; set; } = [];

    [Id(7)]
    public int TrustThreshold { get; set; } = 1;
}
