namespace PhaseMesh.Grains.BootSessions;

/// <summary>
/// What a boot's events said, put together so that their order and repetition don't matter: of each kind the greatest or the earliest
/// counts.
/// </summary>
[GenerateSerializer]
[Immutable]
internal sealed record BootFacts
{
    [Id(0)]
    public BootEvent? Manifest { get; init; }

    [Id(1)]
    public BootEvent? Progress { get; init; }

    [Id(2)]
    public long BytesTotal { get; init; }

    [Id(3)]
    public BootEvent? Failure { get; init; }

    [Id(4)]
    public ImmutableArray<BootSource> Found { get; init; } = [];

    [Id(5)]
    public ImmutableArray<BootSource> Sources { get; init; } = [];

    internal BootFacts With(BootEvent told)
    {
        BootEvent bare = told with { From = [] };
        return told.Phase switch
        {
            BootPhase.Discovered => this with { Found = Union(Found, told) },
            BootPhase.Manifest => this with { Manifest = Later(Manifest, bare) },
            BootPhase.Fetching => this with
            {
                Progress = Further(Progress, bare),
                BytesTotal = Math.Max(BytesTotal, told.BytesTotal ?? 0),
                Sources = Union(Sources, told),
            },
            BootPhase.Verified => this with { Sources = Union(Sources, told) },
            BootPhase.Failed => this with { Failure = Earlier(Failure, bare) },
            _ => this,
        };
    }

    private static BootEvent Later(BootEvent? one, BootEvent other) =>
        one is not null && OrderOf(one).CompareTo(OrderOf(other)) >= 0 ? one : other;

    private static BootEvent Further(BootEvent? one, BootEvent other) =>
        one is not null && ProgressOf(one).CompareTo(ProgressOf(other)) >= 0 ? one : other;

    private static BootEvent Earlier(BootEvent? one, BootEvent other) =>
        one is null ? other
        : one.At != other.At ? (one.At < other.At ? one : other)
        : string.CompareOrdinal($"{one.Reason}\n{one.Detail}", $"{other.Reason}\n{other.Detail}") <= 0 ? one
        : other;

    private static (long, DateTimeOffset, long) ProgressOf(BootEvent told) => (told.BytesFetched ?? 0, told.At, told.BytesPerSecond ?? 0);

    private static (DateTimeOffset, long, string) OrderOf(BootEvent manifest) =>
        (manifest.At, manifest.Release ?? -1, $"{manifest.Manifest}\n{manifest.Version}");

    /// <summary>The earliest of all, so that nothing but what was told decides which stay.</summary>
    private static ImmutableArray<BootSource> Union(ImmutableArray<BootSource> known, BootEvent told)
    {
        BootSource[] all = [.. known.Concat(told.From.Select(source => new BootSource(source, told.At)))
            .GroupBy(source => source.Name, StringComparer.Ordinal)
            .Select(group => new BootSource(group.Key, group.Min(source => source.At)))
            .OrderBy(source => source.At).ThenBy(source => source.Name, StringComparer.Ordinal)
            .Take(BootLimits.MaxSources)];
        return all.SequenceEqual(known) ? known : [.. all];
    }
}

/// <param name="Name">A provider's key or URL.</param>
/// <param name="At">First mentioned, by the machine's clock.</param>
[GenerateSerializer]
[Immutable]
internal sealed record BootSource([property: Id(0)] string Name, [property: Id(1)] DateTimeOffset At);
