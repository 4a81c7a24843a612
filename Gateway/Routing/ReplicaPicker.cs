using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Routing;

/// <summary>
/// Chooses the replica that will deliver soonest, after the idea of Prequal (Wydmuch et al., NSDI 2024): requests in flight say at once
/// what
/// latency says late. A choice goes so:
/// 1. Out: not healthy, weight 0, sent wrong bytes, tried already by this transfer, cooling down after a failure.
/// 2. New, recovered or long unmeasured replicas take part only while they have room; when nobody has room, all do.
/// 3. Of each distance (rack, site, elsewhere) a few are looked at, at random: several gateways then don't run after the same best one.
/// 4. Of these the cold ones, or all when all are hot; of those the one that is expected to deliver soonest, by weight.
/// 5. The winners of the distances compete, the farther ones with a handicap: locality first, with spill-over.
/// 6. When everything cools, each replica is tried once in a while: a fleet that came back is found within a moment.
/// docs/gateway-routing.md has it in plain words, with figures.
/// </summary>
internal sealed class ReplicaPicker : IReplicaPicker, IReplicaRanking, IReplicaObserver
{
    private const int Distances = 3;

    private readonly IReplicaDirectory _directory;
    private readonly RoutingOptions _options;
    private readonly RouteClock _clock;
    private readonly RouteRandom _random;
    private readonly ReplicaTable _table;
    private readonly Lock _viewGate = new();
    private RouteView? _view;

    /// <param name="seed">The same seed, clock and calls give the same choices.</param>
    public ReplicaPicker(IReplicaDirectory directory, TimeProvider time, ulong seed, RoutingOptions? options = null)
    {
        _directory = directory;
        _options = options ?? RoutingOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Choices, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.Choices, RoutingOptions.MaxChoices, nameof(options));
        _clock = new RouteClock(time);
        _random = new RouteRandom(seed);
        _table = new ReplicaTable(_clock, _options);
    }

    public PickCounters Picks { get; } = new();

    /// <summary>Of how many providers state is held.</summary>
    internal int TrackedProviders => _table.Count;

    /// <summary>Null: not known, or no longer.</summary>
    internal ReplicaState? StateOf(string providerId) => _table.Find(providerId);

    internal double Now => _clock.Now;

    public ReplicaLease? Pick(RouteRequest request, IReadOnlyCollection<string> excludedProviders)
    {
        RouteTargets targets = View().TargetsOf(request.Digest);
        double now = _clock.Now;
        ReplicaPriors priors = targets.PriorsAt(now);
        int chosen = Choose(targets.All, request, excludedProviders, now, priors, out bool isLastResort);
        if (chosen < 0)
        {
            Picks.Count(PickOutcome.Nobody);
            return null;
        }

        RouteTarget target = targets.All[chosen];
        Picks.Count(isLastResort ? PickOutcome.LastResort : new ClientPlace(request.ClientSite).To(target.Endpoint.Site) switch
        {
            ReplicaDistance.SameRack => PickOutcome.SameRack,
            ReplicaDistance.SameSite => PickOutcome.SameSite,
            _ => PickOutcome.Elsewhere,
        });
        double slowStart = Math.Max(_options.SlowStartLeast.TotalSeconds, _options.SlowStartFactor * priors.FirstByteSeconds);
        return new ReplicaLease(target.Endpoint, new ReplicaTransfer(_clock, _table, target.State, now, slowStart));
    }

    public RouteExplanation Explain(Sha256Digest digest, string? clientSite)
    {
        RouteView view = View();
        return RouteExplainer.Explain(view, digest, clientSite, _clock.Now, _table, _options);
    }

    public IReadOnlyList<RankedReplica> Rank(Sha256Digest digest, string? clientSite)
    {
        RouteTargets targets = View().TargetsOf(digest);
        double now = _clock.Now;
        ReplicaPriors priors = targets.PriorsAt(now);
        ClientPlace client = new(clientSite);
        List<RankedReplica> ranked = new(targets.All.Length);
        foreach (RouteTarget target in targets.All)
        {
            if (RouteExplainer.StandingOf(target, now, _table) < ReplicaStanding.Cooling)
            {
                double seconds = target.State.Expect(now, RoutingOptions.ReferenceLengthBytes, priors).Seconds;
                ranked.Add(new RankedReplica(
                    target.Endpoint, seconds * _options.FactorOf(client.To(target.Endpoint.Site)) / target.Endpoint.Weight));
            }
        }

        return ranked;
    }

    public void ProbeAnswered(string providerId, int inFlight, TimeSpan roundTrip)
    {
        View();
        _table.Find(providerId)?.Probed(_clock.Now, inFlight, roundTrip.TotalSeconds);
    }

    public void ProbeFailed(string providerId)
    {
        View();
        _table.Find(providerId)?.ProbeFailed(_clock.Now);
    }

    public void Pardon(string providerId) => _table.Pardon(providerId);

    public void Exclude(string providerId) => _table.Exclude(providerId);

    private RouteView View()
    {
        DirectorySnapshot current = _directory.Current;
        RouteView? view = Volatile.Read(ref _view);
        if (view is not null && ReferenceEquals(view.Snapshot, current))
        {
            return view;
        }

        lock (_viewGate)
        {
            current = _directory.Current;
            view = _view;
            if (view is null || !ReferenceEquals(view.Snapshot, current))
            {
                _table.Follow(current);
                view = new RouteView(current, _table);
                Volatile.Write(ref _view, view);
            }

            return view;
        }
    }

    private int Choose(
        ReadOnlySpan<RouteTarget> targets, RouteRequest request, IReadOnlyCollection<string> tried, double now, in ReplicaPriors priors,
        out bool isLastResort)
    {
        int chosen = ChooseAmong(targets, request, tried, now, priors, mustHaveRoom: true, out int cooling);
        if (chosen < 0)
        {
            chosen = ChooseAmong(targets, request, tried, now, priors, mustHaveRoom: false, out cooling);
        }

        // (6)
        isLastResort = chosen < 0 && cooling >= 0 && targets[cooling].State.TryLastResort(now);
        return isLastResort ? cooling : chosen;
    }

    /// <param name="cooling">Of those that cool, the one that does so for the shortest time from now; -1 when there is none.</param>
    private int ChooseAmong(
        ReadOnlySpan<RouteTarget> targets, RouteRequest request, IReadOnlyCollection<string> tried, double now, in ReplicaPriors priors,
        bool mustHaveRoom, out int cooling)
    {
        int few = _options.Choices;
        Span<int> slots = stackalloc int[Distances * RoutingOptions.MaxChoices];
        Reservoir rack = new(slots[..few]);
        Reservoir site = new(slots.Slice(few, few));
        Reservoir elsewhere = new(slots.Slice(2 * few, few));
        ClientPlace client = new(request.ClientSite);
        cooling = -1;
        for (int i = 0; i < targets.Length; i++)
        {
            // (1)
            RouteTarget target = targets[i];
            ReplicaStanding standing = RouteExplainer.StandingOf(target, now, _table);
            if (standing > ReplicaStanding.Cooling || IsAmong(tried, target.Endpoint.ProviderId))
            {
                continue;
            }

            if (standing is ReplicaStanding.Cooling)
            {
                cooling = cooling < 0 || target.State.CoolsUntilSeconds < targets[cooling].State.CoolsUntilSeconds ? i : cooling;
                continue;
            }

            // (2)
            if (mustHaveRoom && !target.State.HasRoomAt(now))
            {
                continue;
            }

            // (3)
            switch (client.To(target.Endpoint.Site))
            {
                case ReplicaDistance.SameRack:
                    rack.Offer(i, _random);
                    break;
                case ReplicaDistance.SameSite:
                    site.Offer(i, _random);
                    break;
                default:
                    elsewhere.Offer(i, _random);
                    break;
            }
        }

        RouteChoice choice = new(targets, request.LengthBytes, now, priors, _options);
        choice.Consider(rack.Kept, 1);
        choice.Consider(site.Kept, _options.SameSiteFactor);
        choice.Consider(elsewhere.Kept, _options.ElsewhereFactor);
        return choice.Best;
    }

    private static bool IsAmong(IReadOnlyCollection<string> tried, string providerId)
    {
        if (tried.Count == 0)
        {
            return false;
        }

        foreach (string id in tried)
        {
            if (string.Equals(id, providerId, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
