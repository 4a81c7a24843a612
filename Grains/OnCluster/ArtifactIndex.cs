using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.OnCluster;

/// <summary><see cref="IArtifactIndex"/> by the engine's queries: replicas are counted where they are, one row each.</summary>
internal sealed class ArtifactIndex(
    IGrainQuery<ArtifactGrainState> artifacts, IGrainQuery<ReplicaGrainState> replicas, IGrainFactory grains, FleetOptions options,
    IClusterClock clock)
    : IArtifactIndex
{
    private const int PageSize = 1000;

    public async Task<FleetPage<ArtifactView>> ListAsync(int limit, string? after, CancellationToken cancellationToken)
    {
        FleetPage<ArtifactView> page = await Pages.OfAsync(
            artifacts.ListAsync(null, Pages.Require(limit), after, cancellationToken),
            row => ArtifactGrain.ViewOf(row.Key, row.State, options));
        ReplicaCounts counts = await CountAsync(cancellationToken);
        return page with { Items = [.. page.Items.Select(counts.Into)] };
    }

    public async Task<ImmutableArray<ArtifactView>> ListUnderReplicatedAsync(int limit, CancellationToken cancellationToken)
    {
        Pages.Require(limit);
        ReplicaCounts counts = await CountAsync(cancellationToken);
        List<ArtifactView> found = [];
        string? after = null;
        do
        {
            GrainPage<ArtifactGrainState> page = await artifacts.ListAsync(
                new GrainFilter<ArtifactGrainState>().Where(artifact => artifact.IsOffered, true), PageSize, after, cancellationToken);
            found.AddRange(page.Rows.Select(row => counts.Into(ArtifactGrain.ViewOf(row.Key, row.State, options)))
                .Where(artifact => artifact.ReplicasLive < artifact.ReplicasWanted));
            after = page.Next;
        }
        while (after is not null);
        return [.. found.OrderBy(artifact => artifact.ReplicasLive)
            .ThenBy(artifact => artifact.Digest, StringComparer.Ordinal).Take(limit)];
    }

    public async Task<ArtifactView?> FindAsync(string digest, CancellationToken cancellationToken)
    {
        if (await grains.GetGrain<IArtifactGrain>(digest).GetAsync() is not { } artifact)
        {
            return null;
        }

        return artifact with
        {
            ReplicasLive = await replicas.CountAsync(Live(ReplicaStanding.Reported, ReplicaStanding.Verified)
                .Where(replica => replica.Artifact, digest), cancellationToken),
            ReplicasVerified = await replicas.CountAsync(Live(ReplicaStanding.Verified).Where(replica => replica.Artifact, digest),
                cancellationToken),
        };
    }

    public Task<FleetPage<ReplicaView>> ListReplicasAsync(string digest, int limit, string? after, CancellationToken cancellationToken) =>
        Pages.OfAsync(
            replicas.ListAsync(new GrainFilter<ReplicaGrainState>().Where(replica => replica.Artifact, digest), Pages.Require(limit),
                after, cancellationToken),
            row => ReplicaGrain.ViewOf(row.State));

    private async Task<ReplicaCounts> CountAsync(CancellationToken cancellationToken) => new(
        await replicas.CountByAsync(replica => replica.Artifact, Live(ReplicaStanding.Reported, ReplicaStanding.Verified),
            cancellationToken),
        await replicas.CountByAsync(replica => replica.Artifact, Live(ReplicaStanding.Verified), cancellationToken));

    private GrainFilter<ReplicaGrainState> Live(params ReplicaStanding[] standings) =>
        new GrainFilter<ReplicaGrainState>().WhereIn(replica => replica.Standing, standings)
            .WhereAtLeast(replica => replica.OfferedUntil, clock.Time.GetUtcNow());

    private sealed record ReplicaCounts(IReadOnlyDictionary<string, long> Live, IReadOnlyDictionary<string, long> Verified)
    {
        public ArtifactView Into(ArtifactView artifact) => artifact with
        {
            ReplicasLive = Live.GetValueOrDefault(artifact.Digest),
            ReplicasVerified = Verified.GetValueOrDefault(artifact.Digest),
        };
    }
}
