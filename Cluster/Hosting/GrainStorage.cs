namespace PhaseMesh.Cluster.Hosting;

/// <summary>Where a cluster keeps its grains. One value of <see cref="InMemory"/> may be shared by several clusters of a process, which are silos then.</summary>
public abstract class GrainStorage
{
    private protected GrainStorage()
    {
    }
}
