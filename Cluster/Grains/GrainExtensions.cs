using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster;

/// <summary>What a grain's code may ask of itself, or of a reference.</summary>
public static class GrainExtensions
{
    /// <summary>The key of a grain or of a reference to one.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain switch
    {
        Grain self => self.Runtime.Key,
        GrainReference reference => reference.Key,
        _ => throw new ArgumentException($"Expected a grain or a reference to one, found "
            + $"{grain?.GetType().Name ?? "null"}.", nameof(grain)),
    };

    /// <summary>A timer of this grain on this silo. Its ticks are turns.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this Grain grain, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(grain);
        ArgumentNullException.ThrowIfNull(callback);
        return grain.Runtime.RegisterTimer(callback, state, options);
    }

    /// <inheritdoc cref="RegisterGrainTimer{TState}"/>
    public static IGrainTimer RegisterGrainTimer(
        this Grain grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options) =>
        grain.RegisterGrainTimer(static (callback, cancellationToken) => callback(cancellationToken), callback, options);
}
