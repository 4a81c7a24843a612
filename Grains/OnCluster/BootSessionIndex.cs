using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnCluster;

/// <summary><see cref="IBootSessionIndex"/> by the engine's queries.</summary>
internal sealed class BootSessionIndex(IGrainQuery<BootSessionGrainState> boots, FleetOptions options, IClusterClock clock)
    : IBootSessionIndex
{
    public async Task<FleetPage<BootSessionView>> ListAsync(BootSessionQuery query, int limit, string? after,
        CancellationToken cancellationToken)
    {
        DateTimeOffset now = clock.Time.GetUtcNow();
        return await Pages.OfAsync(
            boots.ListAsync(FilterOf(query).OrderByDescending(boot => boot.CreatedAt), Pages.Require(limit), after, cancellationToken),
            row => BootNews.ViewOf(row.Key, row.State, now));
    }

    public async Task<BootCounts> CountAsync(BootSessionQuery query, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, long> phases = await boots.CountByAsync(boot => boot.Phase, FilterOf(query), cancellationToken);
        IReadOnlyDictionary<string, long> outcomes = await boots.CountByAsync(boot => boot.Outcome, FilterOf(query), cancellationToken);
        IReadOnlyDictionary<string, long> reasons = await boots.CountByAsync(boot => boot.Reason, FilterOf(query), cancellationToken);
        return new BootCounts(
            phases.Values.Sum(),
            phases.ToDictionary(count => Enum.Parse<BootPhase>(count.Key), count => count.Value),
            outcomes.ToDictionary(count => Enum.Parse<BootOutcome>(count.Key), count => count.Value),
            reasons.Where(count => count.Key.Length > 0).ToDictionary());
    }

    public async Task<ReleaseHealth> GetHealthAsync(ReleaseChannelKey channel, long release, DateTimeOffset since,
        CancellationToken cancellationToken)
    {
        BootSessionQuery query = new()
        {
            Channel = channel.Channel.ToString(),
            Arch = channel.Arch.ToString(),
            Release = release,
            Since = since,
        };
        IReadOnlyDictionary<string, long> outcomes = await boots.CountByAsync(boot => boot.Outcome, FilterOf(query), cancellationToken);
        return new ReleaseHealth(Of(BootOutcome.Running), Of(BootOutcome.Joined), Of(BootOutcome.Failed), Of(BootOutcome.Lost));

        long Of(BootOutcome outcome) => outcomes.GetValueOrDefault(outcome.ToString());
    }

    public async Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken)
    {
        DateTimeOffset now = clock.Time.GetUtcNow();
        return await Pages.KeysAsync(limit, cancellationToken,
            (boots, new GrainFilter<BootSessionGrainState>().Where(boot => boot.Outcome, BootOutcome.Running)
                .WhereBelow(boot => boot.Deadline, now - options.LostAfter).OrderBy(boot => boot.Deadline)),
            (boots, new GrainFilter<BootSessionGrainState>().Where(boot => boot.Outcome, BootOutcome.Running)
                .Where(boot => boot.IsStuck, false).WhereBelow(boot => boot.Deadline, now).OrderBy(boot => boot.Deadline)),
            (boots, new GrainFilter<BootSessionGrainState>().WhereBelow(boot => boot.CreatedAt, now - options.KeepBootsFor)
                .OrderBy(boot => boot.CreatedAt)));
    }

    private static GrainFilter<BootSessionGrainState> FilterOf(BootSessionQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        GrainFilter<BootSessionGrainState> filter = new();
        filter = query.Phase is { } phase ? filter.Where(boot => boot.Phase, phase) : filter;
        filter = query.Outcome is { } outcome ? filter.Where(boot => boot.Outcome, outcome) : filter;
        filter = query.IsStuck is { } isStuck ? filter.Where(boot => boot.IsStuck, isStuck) : filter;
        filter = query.Channel is { } channel ? filter.Where(boot => boot.Channel, channel) : filter;
        filter = query.Arch is { } arch ? filter.Where(boot => boot.Arch, arch) : filter;
        filter = query.Release is { } release ? filter.Where(boot => boot.Release, release) : filter;
        filter = query.MachineId is { } machine ? filter.Where(boot => boot.MachineId, machine) : filter;
        filter = query.Provider is { } provider ? filter.Where(boot => boot.Provider, provider) : filter;
        filter = query.Source is { } source ? filter.Where(boot => boot.Source, source) : filter;
        return query.Since is { } since ? filter.WhereAtLeast(boot => boot.CreatedAt, since) : filter;
    }
}
