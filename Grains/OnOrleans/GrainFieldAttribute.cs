namespace PhaseMesh.Grains;

/// <summary>Marks what this repository's engine indexes. Orleans has no queries, so it means nothing here.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class GrainFieldAttribute : Attribute;
