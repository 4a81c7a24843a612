namespace PhaseMesh.Cluster.Engine;

/// <summary>The base of the generated references.</summary>
public abstract class GrainReference : IGrainWithStringKey
{
    internal string Key { get; private protected set; } = "";
}
