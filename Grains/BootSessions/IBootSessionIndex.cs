using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>All boot sessions that aren't forgotten yet.</summary>
public interface IBootSessionIndex
{
    /// <summary>Newest first.</summary>
    Task<FleetPage<BootSessionView>> ListAsync(
        BootSessionQuery query, int limit = 100, string? after = null, CancellationToken cancellationToken = default);

    Task<BootCounts> CountAsync(BootSessionQuery query, CancellationToken cancellationToken = default);

    /// <summary>How the boots of one release went.</summary>
    Task<ReleaseHealth> GetHealthAsync(ReleaseChannelKey channel, long release, DateTimeOffset since,
        CancellationToken cancellationToken = default);

    /// <summary>Boot ids whose silence is to be made a state, or that are old enough to be forgotten.</summary>
    Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken = default);
}

/// <summary>Null: any.</summary>
public sealed record BootSessionQuery
{
    public BootPhase? Phase { get; init; }

    public BootOutcome? Outcome { get; init; }

    /// <summary>Whether it is past its deadline, as of the last sweep (a minute).</summary>
    public bool? IsStuck { get; init; }

    public string? Channel { get; init; }

    /// <summary>The canonical name.</summary>
    public string? Arch { get; init; }

    public long? Release { get; init; }

    public string? MachineId { get; init; }

    /// <summary>The provider it became.</summary>
    public string? Provider { get; init; }

    /// <summary>Whom it fetched from first, as it named it.</summary>
    public string? Source { get; init; }

    /// <summary>Created at or after.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <param name="Total">All that match.</param>
/// <param name="ByPhase">Only phases that occur.</param>
/// <param name="ByOutcome">Only outcomes that occur.</param>
/// <param name="ByReason">Of failed and lost ones.</param>
public sealed record BootCounts(
    long Total,
    IReadOnlyDictionary<BootPhase, long> ByPhase,
    IReadOnlyDictionary<BootOutcome, long> ByOutcome,
    IReadOnlyDictionary<string, long> ByReason);
