using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary><see cref="IReleaseChannelIndex"/> by reading all there is.</summary>
internal sealed class ReleaseChannelIndex(AdoNetStates states) : IReleaseChannelIndex
{
    public async Task<FleetPage<ReleaseChannelView>> ListAsync(int limit, string? after, CancellationToken cancellationToken) =>
        Pages.Of(
            (await states.ReadAllAsync<ReleaseChannelGrainState>("channel", cancellationToken)).Where(row => row.State.Release is not null),
            limit, after, (_, state) => ReleaseRules.ViewOf(state)!);
}

/// <summary><see cref="IJoinTokenIndex"/> by reading all there is.</summary>
internal sealed class JoinTokenIndex(AdoNetStates states, TimeProvider time) : IJoinTokenIndex
{
    public async Task<FleetPage<JoinTokenView>> ListAsync(int limit, string? after, CancellationToken cancellationToken) =>
        Pages.Of(await states.ReadAllAsync<JoinTokenGrainState>("token", cancellationToken), limit, after, JoinTokenGrain.ViewOf);

    public async Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken) =>
    [
        .. (await states.ReadAllAsync<JoinTokenGrainState>("token", cancellationToken))
            .Where(row => row.State.Expires + JoinTokenGrain.KeptAfterExpiry < time.GetUtcNow()).Take(limit).Select(row => row.Key),
    ];
}

/// <summary><see cref="INonceIndex"/> by reading all there is.</summary>
internal sealed class NonceIndex(AdoNetStates states, TimeProvider time) : INonceIndex
{
    public async Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken) =>
    [
        .. (await states.ReadAllAsync<NonceGrainState>("nonces", cancellationToken))
            .Where(row => row.State.NeededUntil < time.GetUtcNow()).Take(limit).Select(row => row.Key),
    ];
}
