using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary><see cref="IProviderIndex"/> by reading all there is.</summary>
internal sealed class ProviderIndex(AdoNetStates states, FleetOptions options, TimeProvider time) : IProviderIndex
{
    public async Task<FleetPage<ProviderView>> ListAsync(ProviderQuery query, int limit, string? after, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return Pages.Of(
            (await AllAsync(cancellationToken)).Where(provider => (query.State is null || provider.State.State == query.State)
                && (query.Arch is null || provider.State.Arch == query.Arch)
                && (query.AwaitsApproval is null || provider.State.IsAdmitted != query.AwaitsApproval)),
            limit, after, (key, state) => ProviderGrain.ViewOf(key, state, now, options));
    }

    public async Task<IReadOnlyDictionary<ProviderState, long>> CountByStateAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return (await AllAsync(cancellationToken))
            .CountBy(provider => ProviderGrain.ViewOf(provider.Key, provider.State, now, options).State)
            .ToDictionary(count => count.Key, count => (long)count.Value);
    }

    public async Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return
        [
            .. (await AllAsync(cancellationToken)).Where(provider =>
                ProviderGrain.ViewOf(provider.Key, provider.State, now, options).State != provider.State.State
                || (provider.State.State == ProviderState.Gone && now - provider.State.LastSeenAt >= options.ForgetProvidersAfter))
                .Take(limit).Select(provider => provider.Key),
        ];
    }

    public async Task<long> CountJoiningAsync(CancellationToken cancellationToken) =>
        (await AllAsync(cancellationToken)).Count(provider => provider.State.State == ProviderState.Joining);

    private Task<IReadOnlyList<(string Key, ProviderGrainState State)>> AllAsync(CancellationToken cancellationToken) =>
        states.ReadAllAsync<ProviderGrainState>("provider", cancellationToken);
}
