using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Routing;

/// <summary>A replica of one digest and what is known of its provider.</summary>
internal readonly record struct RouteTarget(ReplicaEndpoint Endpoint, ReplicaState State);

/// <summary>The replicas of one digest in one snapshot.</summary>
internal sealed class RouteTargets(RouteTarget[] targets)
{
    // Medians move slowly; computing them for every choice would cost more than the choice.
    private const double RefreshSeconds = 0.1;

    private Priors _priors = new(double.NegativeInfinity, ReplicaPriors.None);

    public static RouteTargets None { get; } = new([]);

    public ReadOnlySpan<RouteTarget> All => targets;

    public ReplicaPriors PriorsAt(double now)
    {
        Priors priors = _priors;
        if (now - priors.ComputedAt > RefreshSeconds)
        {
            priors = new Priors(now, ReplicaPriors.Of(targets));
            _priors = priors;
        }

        return priors.Value;
    }

    private sealed record Priors(double ComputedAt, ReplicaPriors Value);
}
