using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Tests.Routing.Simulation;

/// <summary>The stories that constants were chosen by, and that docs/gateway-routing.md has the figures of.</summary>
internal static class Scenarios
{
    private const double Gigabit = ReplicaTraits.Gigabit;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(30);

    /// <summary>One replica of ten gigabit, two of one, one of a tenth; clients want 70 % of what all can.</summary>
    public static SimulatedFleet DifferentSpeeds(Policy policy, int seed, RoutingOptions? options = null, int gateways = 1) => Steady(
        policy, seed, 0.7, gateways, options, ReplicaTraits.Of("a", 4 * Gigabit), ReplicaTraits.Of("b", Gigabit), ReplicaTraits.Of("c", Gigabit),
        ReplicaTraits.Of("d", Gigabit / 10));

    /// <summary>Four that look alike, of which one serves at a twentieth of the others' rate.</summary>
    public static SimulatedFleet OneSlow(Policy policy, int seed, RoutingOptions? options = null, int gateways = 1) => Steady(
        policy, seed, 0.6, gateways, options, ReplicaTraits.Of("a", Gigabit), ReplicaTraits.Of("b", Gigabit), ReplicaTraits.Of("c", Gigabit),
        ReplicaTraits.Of("d", Gigabit / 20));

    /// <summary>The slow one answers probes twenty times as fast as the others.</summary>
    public static SimulatedFleet QuickProbesSlowBodies(Policy policy, int seed, RoutingOptions? options = null) => Steady(
        policy, seed, 0.6, 1, options, ReplicaTraits.Of("a", Gigabit), ReplicaTraits.Of("b", Gigabit), ReplicaTraits.Of("c", Gigabit),
        ReplicaTraits.Of("d", Gigabit / 20) with { Probe = TimeSpan.FromMilliseconds(0.05) });

    /// <summary>Eight alike, one lies.</summary>
    public static SimulatedFleet OneLiar(Policy policy, int seed, RoutingOptions? options = null) => Steady(
        policy, seed, 0.6, 1, options,
        [.. Enumerable.Range(0, 8).Select(i => ReplicaTraits.Of($"{(char)('a' + i)}", Gigabit) with { IsLiar = i == 7 })]);

    /// <summary>Eight alike behind sixteen gateways, none of which sees more than a sixteenth of the load.</summary>
    public static SimulatedFleet ManyGateways(Policy policy, int seed, RoutingOptions? options = null) => Steady(
        policy, seed, 0.7, 16, options, [.. Enumerable.Range(0, 8).Select(i => ReplicaTraits.Of($"{(char)('a' + i)}", Gigabit))]);

    /// <summary>Chunks and small objects mixed; one replica is nearer than the rest, and would get all the small ones.</summary>
    public static SimulatedFleet SmallObjects(Policy policy, int seed, RoutingOptions? options = null)
    {
        SimulatedFleet fleet = new(
            policy, seed,
            [.. Enumerable.Range(0, 4).Select(i => ReplicaTraits.Of($"{(char)('a' + i)}", Gigabit) with { FirstByte = TimeSpan.FromMilliseconds(i == 0 ? 0.5 : 5) })],
            1, options);
        fleet.Run(async () =>
        {
            await fleet.ArrivalsAsync(20, 8, WarmUp);
            fleet.StartMeasuring();
            await Task.WhenAll(fleet.ArrivalsAsync(20, 8, WarmUp), fleet.ArrivalsAsync(1000, 1, WarmUp, null, 64 * 1024));
        });
        return fleet;
    }

    private static SimulatedFleet Steady(
        Policy policy, int seed, double utilisation, int gateways, RoutingOptions? options, params ReplicaTraits[] replicas)
    {
        const int chunks = 8;
        SimulatedFleet fleet = new(policy, seed, replicas, gateways, options);
        double clientsPerSecond = utilisation * replicas.Sum(replica => replica.BytesPerSecond) / (chunks * (double)SimulatedFleet.ChunkBytes);
        fleet.Run(async () =>
        {
            await fleet.ArrivalsAsync(clientsPerSecond, chunks, WarmUp);
            fleet.StartMeasuring();
            await fleet.ArrivalsAsync(clientsPerSecond, chunks, Measured);
        });
        return fleet;
    }
}
