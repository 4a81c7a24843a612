using System.Collections.Concurrent;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Routing;

/// <summary>A snapshot joined with the state of its providers, digest by digest as they are asked for.</summary>
internal sealed class RouteView(DirectorySnapshot snapshot, ReplicaTable table)
{
    private readonly ConcurrentDictionary<Sha256Digest, RouteTargets> _targets = new();

    public DirectorySnapshot Snapshot { get; } = snapshot;

    /// <returns>Empty for digests that the directory does not know; those are not remembered, so asking for them costs no memory.</returns>
    public RouteTargets TargetsOf(Sha256Digest digest)
    {
        if (_targets.TryGetValue(digest, out RouteTargets? targets))
        {
            return targets;
        }

        return Snapshot.Replicas.TryGetValue(digest, out IReadOnlyList<ReplicaEndpoint>? endpoints)
            ? _targets.GetOrAdd(digest, new RouteTargets([.. endpoints.Select(Join)]))
            : RouteTargets.None;
    }

    private RouteTarget Join(ReplicaEndpoint endpoint) => new(endpoint, table.StateOf(endpoint.ProviderId));
}
