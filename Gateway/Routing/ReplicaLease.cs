using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Routing;

/// <summary>What becomes of a lease, told to whoever handed it out. Called from any thread.</summary>
internal interface IReplicaLeaseOwner
{
    void FirstByte(ReplicaLease lease);

    void Progress(ReplicaLease lease, int countBytes);

    void Fault(ReplicaLease lease, ReplicaFault fault);

    void Completed(ReplicaLease lease);

    /// <summary>Once.</summary>
    void Ended(ReplicaLease lease);
}

/// <summary>
/// The right to ask one replica for one range; counted as in flight until disposed. The holder tells what it sees, since that is what later
/// choices are made from. Used by one transfer at a time: not thread-safe, except that it may be disposed from anywhere and more than once.
/// </summary>
internal sealed class ReplicaLease(ReplicaEndpoint endpoint, IReplicaLeaseOwner owner) : IDisposable
{
    private int _ended;

    public ReplicaEndpoint Endpoint { get; } = endpoint;

    /// <summary>The answer's head has come with the right status, or its first byte; tell either, once.</summary>
    public void FirstByte() => owner.FirstByte(this);

    /// <summary>Body bytes have come; tell after each read.</summary>
    public void Progress(int bytes) => owner.Progress(this, bytes);

    public void Fault(ReplicaFault fault) => owner.Fault(this, fault);

    /// <summary>The whole range came and was right.</summary>
    public void Completed() => owner.Completed(this);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            owner.Ended(this);
        }
    }
}
