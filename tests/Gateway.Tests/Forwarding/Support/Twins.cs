using System.Collections.Concurrent;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Tests.Forwarding.Support;

/// <summary>A directory that tests write.</summary>
internal sealed class TwinDirectory : IReplicaDirectory
{
    public DirectorySnapshot Current { get; set; } = DirectorySnapshot.Empty;

    public Task<DirectorySnapshot> WaitForAsync(Func<DirectorySnapshot, bool> condition, CancellationToken cancellationToken) =>
        condition(Current) ? Task.FromResult(Current) : throw new NotSupportedException("Tests set the snapshot before they start.");
}

/// <summary>Chooses in turn, never a liar, and remembers what leases were told.</summary>
internal sealed class TwinPicker(TwinDirectory directory) : IReplicaPicker, IReplicaLeaseOwner
{
    private readonly ConcurrentDictionary<string, bool> _liars = new();
    private int _turn;
    private int _inFlight;

    public ConcurrentQueue<(string Provider, ReplicaFault Fault)> Faults { get; } = new();

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Asked first, whatever the turn; null: nobody.</summary>
    public string? Favourite { get; set; }

    public ReplicaLease? Pick(RouteRequest request, IReadOnlyCollection<string> excludedProviders)
    {
        ReplicaEndpoint[] able = [.. directory.Current.Replicas.GetValueOrDefault(request.Digest, [])
            .Where(endpoint => !excludedProviders.Contains(endpoint.ProviderId) && !_liars.ContainsKey(endpoint.ProviderId))];
        if (able.Length == 0)
        {
            return null;
        }

        Interlocked.Increment(ref _inFlight);
        return new ReplicaLease(
            able.FirstOrDefault(endpoint => endpoint.ProviderId == Favourite)
                ?? able[(int)((uint)Interlocked.Increment(ref _turn) % able.Length)], this);
    }

    public RouteExplanation Explain(Sha256Digest digest, string? clientSite) => throw new NotSupportedException("Nothing to explain.");

    public void FirstByte(ReplicaLease lease)
    {
    }

    public void Progress(ReplicaLease lease, int countBytes)
    {
    }

    public void Fault(ReplicaLease lease, ReplicaFault fault)
    {
        Faults.Enqueue((lease.Endpoint.ProviderId, fault));
        if (fault is ReplicaFault.WrongBytes)
        {
            _liars[lease.Endpoint.ProviderId] = true;
        }
    }

    public void Completed(ReplicaLease lease)
    {
    }

    public void Ended(ReplicaLease lease) => Interlocked.Decrement(ref _inFlight);
}

internal sealed class RememberedProofs : IMisbehaviourReporter
{
    public ConcurrentQueue<Misbehaviour> Proofs { get; } = new();

    public void Report(Misbehaviour misbehaviour) => Proofs.Enqueue(misbehaviour);
}
