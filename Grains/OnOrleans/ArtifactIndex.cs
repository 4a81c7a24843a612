using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary><see cref="IArtifactIndex"/> by reading all there is.</summary>
internal sealed class ArtifactIndex(AdoNetStates states, FleetOptions options, TimeProvider time) : IArtifactIndex
{
    public async Task<FleetPage<ArtifactView>> ListAsync(int limit, string? after, CancellationToken cancellationToken)
    {
        ReplicaGrainState[] replicas = await LiveAsync(cancellationToken);
        return Pages.Of(
            await states.ReadAllAsync<ArtifactGrainState>("artifact", cancellationToken), limit, after,
            (key, state) => ViewOf(key, state, replicas));
    }

    public async Task<ImmutableArray<ArtifactView>> ListUnderReplicatedAsync(int limit, CancellationToken cancellationToken)
    {
        ReplicaGrainState[] replicas = await LiveAsync(cancellationToken);
        return
        [
            .. (await states.ReadAllAsync<ArtifactGrainState>("artifact", cancellationToken))
                .Select(row => ViewOf(row.Key, row.State, replicas))
                .Where(artifact => artifact.ReplicasLive < artifact.ReplicasWanted).OrderBy(artifact => artifact.ReplicasLive)
                .ThenBy(artifact => artifact.Digest, StringComparer.Ordinal).Take(limit),
        ];
    }

    public async Task<ArtifactView?> FindAsync(string digest, CancellationToken cancellationToken)
    {
        ReplicaGrainState[] replicas = await LiveAsync(cancellationToken);
        return (await states.ReadAllAsync<ArtifactGrainState>("artifact", cancellationToken)).Where(row => row.Key == digest)
            .Select(row => ViewOf(row.Key, row.State, replicas)).FirstOrDefault();
    }

    public async Task<FleetPage<ReplicaView>> ListReplicasAsync(
        string digest, int limit, string? after, CancellationToken cancellationToken) =>
        Pages.Of(
            (await states.ReadAllAsync<ReplicaGrainState>("replica", cancellationToken)).Where(row => row.State.Artifact == digest),
            limit, after, (_, state) => ReplicaGrain.ViewOf(state));

    private async Task<ReplicaGrainState[]> LiveAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return
        [
            .. (await states.ReadAllAsync<ReplicaGrainState>("replica", cancellationToken)).Select(row => row.State)
                .Where(replica => replica.Standing is ReplicaStanding.Reported or ReplicaStanding.Verified && replica.OfferedUntil >= now),
        ];
    }

    private ArtifactView ViewOf(string digest, ArtifactGrainState state, ReplicaGrainState[] replicas) =>
        ArtifactGrain.ViewOf(digest, state, options) with
        {
            ReplicasLive = replicas.Count(replica => replica.Artifact == digest),
            ReplicasVerified = replicas.Count(replica => replica.Artifact == digest && replica.Standing == ReplicaStanding.Verified),
        };
}
