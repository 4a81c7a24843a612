namespace PhaseMesh.Gateway.Routing;

/// <summary>Steps 4 and 5 of <see cref="ReplicaPicker"/>: the best of those looked at.</summary>
internal ref struct RouteChoice(
    ReadOnlySpan<RouteTarget> targets, long lengthBytes, double now, in ReplicaPriors priors, RoutingOptions options)
{
    private readonly ReadOnlySpan<RouteTarget> _targets = targets;
    private readonly ReplicaPriors _priors = priors;
    private double _bestCost = double.PositiveInfinity;

    /// <summary>Its index; -1 when nothing was looked at.</summary>
    public int Best { get; private set; } = -1;

    /// <param name="looked">Indices of replicas at one distance.</param>
    /// <param name="handicap">That distance's factor.</param>
    public void Consider(scoped ReadOnlySpan<int> looked, double handicap)
    {
        Span<double> costs = stackalloc double[RoutingOptions.MaxChoices];
        Span<double> queues = stackalloc double[RoutingOptions.MaxChoices];
        double shortest = double.PositiveInfinity;
        for (int i = 0; i < looked.Length; i++)
        {
            ref readonly RouteTarget target = ref _targets[looked[i]];
            ReplicaExpectation expected = target.State.Expect(now, lengthBytes, _priors);
            costs[i] = expected.Seconds * handicap / target.Endpoint.Weight;
            queues[i] = expected.QueueSeconds / target.Endpoint.Weight;
            shortest = Math.Min(shortest, queues[i]);
        }

        // Somebody is always cold: the one with the shortest queue. A hot one stays out however quickly it answered so far.
        int best = -1;
        for (int i = 0; i < looked.Length; i++)
        {
            bool isHot = queues[i] > options.HotFactor * shortest && _targets[looked[i]].State.InFlight >= options.HotInFlight;
            if (!isHot && (best < 0 || costs[i] < costs[best]))
            {
                best = i;
            }
        }

        if (best >= 0 && costs[best] < _bestCost)
        {
            _bestCost = costs[best];
            Best = looked[best];
        }
    }
}
