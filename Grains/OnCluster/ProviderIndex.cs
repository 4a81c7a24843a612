using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;

namespace PhaseMesh.Grains.OnCluster;

/// <summary><see cref="IProviderIndex"/> by the engine's queries.</summary>
internal sealed class ProviderIndex(IGrainQuery<ProviderGrainState> providers, FleetOptions options, IClusterClock clock) : IProviderIndex
{
    public async Task<FleetPage<ProviderView>> ListAsync(ProviderQuery query, int limit, string? after, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        GrainFilter<ProviderGrainState> filter = new();
        filter = query.State is { } state ? filter.Where(provider => provider.State, state) : filter;
        filter = query.Arch is { } arch ? filter.Where(provider => provider.Arch, arch) : filter;
        filter = query.AwaitsApproval is { } waits ? filter.Where(provider => provider.IsAdmitted, !waits) : filter;
        DateTimeOffset now = clock.Time.GetUtcNow();
        return await Pages.OfAsync(
            providers.ListAsync(filter, Pages.Require(limit), after, cancellationToken),
            row => ProviderGrain.ViewOf(row.Key, row.State, now, options));
    }

    public async Task<IReadOnlyDictionary<ProviderState, long>> CountByStateAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = clock.Time.GetUtcNow();
        IReadOnlyDictionary<string, long> stored = await providers.CountByAsync(provider => provider.State, null, cancellationToken);
        long silent = await providers.CountAsync(Silent(ProviderState.Serving, now - options.SuspectAfter), cancellationToken);
        Dictionary<ProviderState, long> counts = stored.ToDictionary(count => Enum.Parse<ProviderState>(count.Key), count => count.Value);
        if (silent > 0)
        {
            counts[ProviderState.Serving] = Math.Max(0, counts.GetValueOrDefault(ProviderState.Serving) - silent);
            counts[ProviderState.Suspect] = counts.GetValueOrDefault(ProviderState.Suspect) + silent;
        }

        return counts;
    }

    public Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken)
    {
        DateTimeOffset now = clock.Time.GetUtcNow();
        return Pages.KeysAsync(limit, cancellationToken,
            (providers, Silent(ProviderState.Serving, now - options.SuspectAfter)),
            (providers, Silent(ProviderState.Suspect, now - options.GoneAfter)),
            (providers, Silent(ProviderState.Joining, now - options.GoneAfter)),
            (providers, Silent(ProviderState.Draining, now - options.GoneAfter)),
            (providers, Silent(ProviderState.Gone, now - options.ForgetProvidersAfter)));
    }

    public Task<long> CountJoiningAsync(CancellationToken cancellationToken) =>
        providers.CountAsync(new GrainFilter<ProviderGrainState>().Where(provider => provider.State, ProviderState.Joining),
            cancellationToken);

    /// <summary>A microsecond more, as the bound itself is silence already.</summary>
    private static GrainFilter<ProviderGrainState> Silent(ProviderState state, DateTimeOffset until) =>
        new GrainFilter<ProviderGrainState>().Where(provider => provider.State, state)
            .WhereBelow(provider => provider.LastSeenAt, until + TimeSpan.FromMicroseconds(1)).OrderBy(provider => provider.LastSeenAt);
}
