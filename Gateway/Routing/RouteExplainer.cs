using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Routing;

/// <summary>Puts a choice into figures and words.</summary>
internal static class RouteExplainer
{
    public static ReplicaStanding StandingOf(in RouteTarget target, double now, ReplicaTable table) =>
        table.IsExcluded(target.Endpoint.ProviderId) ? ReplicaStanding.Excluded
        : !target.Endpoint.IsHealthy ? ReplicaStanding.Unhealthy
        : !(target.Endpoint.Weight > 0) ? ReplicaStanding.Unwanted
        : target.State.CoolsUntilSeconds > now ? ReplicaStanding.Cooling
        : target.State.IsWarming ? ReplicaStanding.Warming
        : ReplicaStanding.Ready;

    public static RouteExplanation Explain(
        RouteView view, Sha256Digest digest, string? clientSite, double now, ReplicaTable table, RoutingOptions options)
    {
        RouteTargets targets = view.TargetsOf(digest);
        ReplicaPriors priors = targets.PriorsAt(now);
        List<RouteCandidate> candidates = [];
        foreach (RouteTarget target in targets.All)
        {
            candidates.Add(Describe(target, new ClientPlace(clientSite).To(target.Endpoint.Site), now, priors, table, options));
        }

        candidates.Sort(static (a, b) => Rank(a).CompareTo(Rank(b)));
        string? chosen = candidates is [{ Cost: not null } best, ..] ? best.ProviderId : null;
        return new RouteExplanation(digest, clientSite, view.Snapshot.Version, chosen, candidates);
    }

    private static (double Cost, ReplicaStanding Standing, double Expected) Rank(RouteCandidate candidate) =>
        (candidate.Cost ?? double.PositiveInfinity, candidate.Standing, candidate.ExpectedMilliseconds);

    private static RouteCandidate Describe(
        in RouteTarget target, ReplicaDistance distance, double now, in ReplicaPriors priors, ReplicaTable table, RoutingOptions options)
    {
        ReplicaEndpoint endpoint = target.Endpoint;
        ReplicaState state = target.State;
        ReplicaStanding standing = StandingOf(target, now, table);
        ReplicaExpectation expected = state.Expect(now, RoutingOptions.ReferenceLengthBytes, priors);
        double? cost = standing < ReplicaStanding.Cooling ? expected.Seconds * 1000 * options.FactorOf(distance) / endpoint.Weight : null;
        double cools = standing is ReplicaStanding.Cooling ? (state.CoolsUntilSeconds - now) * 1000 : 0;
        return new RouteCandidate(
            endpoint.ProviderId, endpoint.BaseUrl, endpoint.Site.Site, endpoint.Site.Rack, distance, endpoint.Weight, standing,
            state.InFlight, state.OthersAt(now), state.SentBytes,
            state.Meter.FirstByteSeconds is > 0 and double firstByte ? firstByte * 1000 : null,
            state.Meter.BytesPerSecond is > 0 and double rate ? rate : null,
            expected.Seconds * 1000, cost, cools, Reason(state, standing, distance, cools, now));
    }

    private static string Reason(
        ReplicaState state, ReplicaStanding standing, ReplicaDistance distance, double coolsForMilliseconds, double now)
    {
        (int strikes, string? fault) = state.Faults;
        return standing switch
        {
            ReplicaStanding.Excluded => "Sent wrong bytes, or another gateway or an operator says so; excluded until it is pardoned.",
            ReplicaStanding.Unhealthy => "Not healthy by the directory.",
            ReplicaStanding.Unwanted => "Its weight is 0: the operator wants it to take nothing.",
            ReplicaStanding.Cooling =>
                $"Cools down for another {coolsForMilliseconds / 1000:0.0} s after {fault}, failure {strikes} in a row; "
                + "asked only when nobody else may be.",
            _ when !state.HasRoomAt(now) => state.Meter.IsStaleAt(now)
                ? "Being tried out: not measured for long, and one transfer is under way."
                : $"Warming up and full: takes {state.Allowance} transfers at a time as yet.",
            ReplicaStanding.Warming => $"Warming up{After(fault, strikes)}: takes {state.Allowance} transfers at a time as yet.",
            _ => distance switch
            {
                ReplicaDistance.SameRack => "Ready, in the client's rack.",
                ReplicaDistance.SameSite => "Ready, at the client's site.",
                _ => "Ready, at another site or one not known: the handicap applies.",
            },
        };
    }

    private static string After(string? fault, int strikes) => strikes > 0 ? $" after {fault}" : "";
}
