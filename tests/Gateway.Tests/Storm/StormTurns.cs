namespace PhaseMesh.Gateway.Tests.Storm;

/// <summary>One after the other, and nothing beside them: each takes the whole machine.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class StormTurns
{
    public const string Name = "storm";
}
