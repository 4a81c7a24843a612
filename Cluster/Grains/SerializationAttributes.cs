namespace PhaseMesh.Cluster;

/// <summary>The type travels in calls or is kept as state.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute;

/// <summary>The number of a member that is serialized; never used again for another member.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Class | AttributeTargets.Struct
    | AttributeTargets.Method)]
public sealed class IdAttribute(uint id) : Attribute
{
    public uint Id => id;
}

/// <summary>A name that stays when the type or method is renamed.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Interface
    | AttributeTargets.Method)]
public sealed class AliasAttribute(string alias) : Attribute
{
    public string Alias => alias;
}

/// <summary>
/// Instances never change once made, so caller and grain may share one. Everything passed to or returned by a grain must be immutable:
/// this engine never copies arguments and results.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Parameter | AttributeTargets.Property
    | AttributeTargets.Field)]
public sealed class ImmutableAttribute : Attribute;
