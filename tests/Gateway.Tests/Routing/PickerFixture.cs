using System.Net;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Gateway.Tests.Routing.Simulation;

namespace PhaseMesh.Gateway.Tests.Routing;

/// <summary>A picker over a directory and a clock that obey the test.</summary>
internal sealed class PickerFixture
{
    public const int ChunkBytes = 1 << 20;

    public PickerFixture(params ReplicaEndpoint[] replicas)
    {
        Directory.Name(replicas);
        Picker = new ReplicaPicker(Directory, Time, seed: 7, Options);
    }

    public static RoutingOptions Options { get; } = RoutingOptions.Default with { MaxDeparted = 4, MaxExcluded = 4 };

    public ManualTime Time { get; } = new();

    public SimulatedDirectory Directory { get; } = new();

    public ReplicaPicker Picker { get; }

    public static ReplicaEndpoint Replica(
        string id, string? site = null, string? rack = null, double weight = 1, bool isHealthy = true, bool isWarm = true) =>
        new(id, new Uri($"http://{id}:8080"), new ReplicaSite(site, rack), weight, isHealthy, isWarm);

    private IEnumerable<string> Ids => Directory.Current.Replicas[SimulatedDirectory.Digest].Select(replica => replica.ProviderId);

    public ReplicaLease? Pick(string? clientSite = null, params string[] tried) =>
        Picker.Pick(new RouteRequest(SimulatedDirectory.Digest, clientSite, IPAddress.Loopback, 0, ChunkBytes), tried);

    /// <summary>Who would be picked, without taking anything.</summary>
    public string? PickedId(string? clientSite = null, params string[] tried)
    {
        using ReplicaLease? lease = Pick(clientSite, tried);
        return lease?.Endpoint.ProviderId;
    }

    /// <summary>A transfer from this replica and no other, to be ended by the caller.</summary>
    public ReplicaLease PickFrom(string id) =>
        Pick(null, [.. Ids.Where(other => other != id)])
        ?? throw new InvalidOperationException($"{id} may not be asked now: {Explain(id).Reason}");

    /// <summary>One whole chunk from this replica.</summary>
    public void Serve(string id, double milliseconds = 10)
    {
        using ReplicaLease lease = PickFrom(id);
        Time.Advance(1);
        lease.FirstByte();
        lease.Progress(1);
        Time.Advance(milliseconds);
        lease.Progress(ChunkBytes - 1);
        lease.Completed();
    }

    /// <summary>So many chunks that it is warm.</summary>
    public void Warm(params string[] ids)
    {
        for (int i = 0; i < Options.WarmUpUntil; i++)
        {
            foreach (string id in ids)
            {
                Serve(id);
            }
        }
    }

    public void Fail(string id, ReplicaFault fault)
    {
        using ReplicaLease lease = PickFrom(id);
        lease.Fault(fault);
    }

    public RouteCandidate Explain(string id, string? clientSite = null) =>
        Picker.Explain(SimulatedDirectory.Digest, clientSite).Candidates.Single(candidate => candidate.ProviderId == id);
}
