using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Tests.Routing;

public class ReplicaLeaseTests
{
    [Fact]
    public void Dispose_Twice_EndsOnce()
    {
        var owner = new CountingOwner();
        var lease = new ReplicaLease(new ReplicaEndpoint("a", new Uri("http://a:8080"), ReplicaSite.Unknown, 1, true, true), owner);

        lease.Dispose();
        lease.Dispose();

        Assert.Equal(1, owner.Ends);
    }

    private sealed class CountingOwner : IReplicaLeaseOwner
    {
        public int Ends { get; private set; }

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

        public void Ended(ReplicaLease lease) => Ends++;
    }
}
