using PhaseMesh.Cluster.Core;

namespace PhaseMesh.Cluster.Runtime;

/// <summary>A grain's state, injected where a constructor's parameter has <see cref="PersistentStateAttribute"/>.</summary>
public interface IPersistentState<TState> : IStorage<TState>;

/// <summary>Marks the constructor parameter that gets a grain's state.</summary>
/// <param name="stateName">Tells several states of one grain class apart; part of the stored name, so never change it.</param>
/// <param name="storageName">Accepted for Orleans; this engine has one storage.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
{
    public string StateName => stateName;

    public string? StorageName => storageName;
}
