using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Tests.Routing.Simulation;

internal enum Policy
{
    PhaseMesh,
    RoundRobin,
    AtRandom,
    LeastConnections,
}

/// <summary>
/// What proxies do by default, for comparison. They avoid what this transfer has tried, as a proxy's retry does, and remember nothing.
/// </summary>
internal sealed class BaselinePicker(SimulatedDirectory directory, Policy policy, int seed) : IReplicaPicker, IReplicaLeaseOwner
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _inFlight = [];
    private int _turn;

    public ReplicaLease? Pick(RouteRequest request, IReadOnlyCollection<string> excludedProviders)
    {
        List<ReplicaEndpoint> candidates =
            [.. directory.Current.Replicas[request.Digest].Where(replica => !excludedProviders.Contains(replica.ProviderId))];
        if (candidates.Count == 0)
        {
            return null;
        }

        int first = policy is Policy.RoundRobin ? _turn++ % candidates.Count : _random.Next(candidates.Count);
        ReplicaEndpoint chosen = policy is Policy.LeastConnections
            ? candidates.Skip(first).Concat(candidates.Take(first)).MinBy(replica => _inFlight.GetValueOrDefault(replica.ProviderId))!
            : candidates[first];
        _inFlight[chosen.ProviderId] = _inFlight.GetValueOrDefault(chosen.ProviderId) + 1;
        return new ReplicaLease(chosen, this);
    }

    public RouteExplanation Explain(Sha256Digest digest, string? clientSite) => new(digest, clientSite, 0, null, []);

    public void FirstByte(ReplicaLease lease)
    {
    }

    public void Progress(ReplicaLease lease, int countBytes)
    {
    }

    public void Fault(ReplicaLease lease, ReplicaFault fault)
    {
    }

    public void Completed(ReplicaLease lease)
    {
    }

    public void Ended(ReplicaLease lease) => _inFlight[lease.Endpoint.ProviderId]--;
}
