using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Routing;

/// <summary>A replica that may be asked now.</summary>
/// <param name="Cost">Expected time with distance and weight, as choices compare it; above 0.</param>
internal readonly record struct RankedReplica(ReplicaEndpoint Endpoint, double Cost);

/// <summary>What a transfer that the gateway will not see could go to. Thread-safe, no I/O.</summary>
internal interface IReplicaRanking
{
    /// <summary>In no order. None that is excluded, unhealthy, of weight 0 or cooling down.</summary>
    IReadOnlyList<RankedReplica> Rank(Sha256Digest digest, string? clientSite);
}
