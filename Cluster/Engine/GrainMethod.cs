using System.Reflection;
using PhaseMesh.Cluster.Concurrency;

namespace PhaseMesh.Cluster.Engine;

/// <summary>One method of a grain interface, as its attributes make it.</summary>
internal sealed class GrainMethod
{
    public GrainMethod(MethodInfo method, string className, bool isReentrantClass)
    {
        Method = method;
        Name = $"{className}.{method.Name}";
        IsReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        IsInterleaving = isReentrantClass || method.IsDefined(typeof(AlwaysInterleaveAttribute));
        IsOneWay = method.IsDefined(typeof(OneWayAttribute));
    }

    private GrainMethod(string name) => Name = name;

    public MethodInfo? Method { get; }

    /// <summary>Class and method, for messages.</summary>
    public string Name { get; }

    public bool IsReadOnly { get; private init; }

    public bool IsInterleaving { get; private init; }

    public bool IsOneWay { get; }

    /// <summary>A turn that no interface has: coming into memory, a tick, a reminder.</summary>
    public static GrainMethod Internal(string className, string name, bool isReadOnly = false, bool isInterleaving = false) =>
        new($"{className}.{name}") { IsReadOnly = isReadOnly, IsInterleaving = isInterleaving };
}
