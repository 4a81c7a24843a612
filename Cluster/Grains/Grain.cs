using PhaseMesh.Cluster.Engine;

namespace PhaseMesh.Cluster;

/// <summary>
/// The base of grain classes. The rule of a method: read, decide, write once, then tell others; it may run again when another silo wrote
/// first. A grain runs on every silo that is called, so it keeps nothing in its own fields: what is not in its state is not there.
/// </summary>
public abstract class Grain : IAddressable
{
    private readonly IGrainRuntime? _runtime = GrainBirth.Runtime;

    /// <summary>What this grain reaches others by.</summary>
    protected IGrainFactory GrainFactory => Runtime.GrainFactory;

    protected IServiceProvider ServiceProvider => Runtime.ServiceProvider;

    /// <summary>Class and key, for messages.</summary>
    public string IdentityString => Runtime.Identity;

    internal IGrainRuntime Runtime => _runtime
        ?? throw new InvalidOperationException($"{GetType().Name} was made by hand; a grain that needs its cluster is reached by "
            + $"IGrainFactory.GetGrain.");

    /// <summary>The grain came into this silo's memory; its state is loaded. Runs as a turn before the first call's.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The grain leaves this silo's memory; does not run when a silo is killed.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Lets the grain leave this silo's memory after the turn.</summary>
    protected void DeactivateOnIdle() => Runtime.DeactivateOnIdle();
}
