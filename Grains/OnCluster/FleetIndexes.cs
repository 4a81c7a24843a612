using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnCluster;

/// <summary><see cref="IReleaseChannelIndex"/> by the engine's queries.</summary>
internal sealed class ReleaseChannelIndex(IGrainQuery<ReleaseChannelGrainState> channels) : IReleaseChannelIndex
{
    public Task<FleetPage<ReleaseChannelView>> ListAsync(int limit, string? after, CancellationToken cancellationToken) =>
        Pages.OfAsync(
            channels.ListAsync(
                new GrainFilter<ReleaseChannelGrainState>().WhereAtLeast(channel => channel.Release, 0L), Pages.Require(limit), after,
                    cancellationToken),
            row => ReleaseRules.ViewOf(row.State)!);
}

/// <summary><see cref="IJoinTokenIndex"/> by the engine's queries.</summary>
internal sealed class JoinTokenIndex(IGrainQuery<JoinTokenGrainState> tokens, IClusterClock clock) : IJoinTokenIndex
{
    public Task<FleetPage<JoinTokenView>> ListAsync(int limit, string? after, CancellationToken cancellationToken) =>
        Pages.OfAsync(
            tokens.ListAsync(null, Pages.Require(limit), after, cancellationToken), row => JoinTokenGrain.ViewOf(row.Key, row.State));

    public Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken) =>
        Pages.KeysAsync(limit, cancellationToken, (tokens, new GrainFilter<JoinTokenGrainState>()
            .WhereBelow(token => token.Expires, clock.Time.GetUtcNow() - JoinTokenGrain.KeptAfterExpiry)));
}

/// <summary><see cref="INonceIndex"/> by the engine's queries.</summary>
internal sealed class NonceIndex(IGrainQuery<NonceGrainState> nonces, IClusterClock clock) : INonceIndex
{
    public Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken) =>
        Pages.KeysAsync(limit, cancellationToken,
            (nonces, new GrainFilter<NonceGrainState>().WhereBelow(seen => seen.NeededUntil, clock.Time.GetUtcNow())));
}
