using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Tests.Routing.Simulation;

/// <summary>The stories that constants were chosen by, and that docs/gateway-routing.md has the figures of.</summary>
internal static class Scenarios
{
    private const double Gigabit = ReplicaTraits.Gigabit;
    private const int ChunksOfEach = 8;
    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(30);

    /// <summary>One replica of four gigabit, two of one, one of a tenth; clients want 70 % of what all can.</summary>
    public static SimulatedFleet DifferentSpeeds(Policy policy, int seed, int gateways = 1, RoutingOptions? options = null) =>
        Steady(policy, seed, 0.7, Replicas(4, 1, 1, 0.1), gateways, options);

    /// <summary>Four that look alike, of which one serves at a twentieth of the others' rate.</summary>
    public static SimulatedFleet OneSlow(Policy policy, int seed, int gateways = 1, RoutingOptions? options = null) =>
        Steady(policy, seed, 0.6, Replicas(1, 1, 1, 0.05), gateways, options);

    /// <summary>The slow one answers probes twenty times as fast as the others.</summary>
    public static SimulatedFleet QuickProbesSlowBodies(Policy policy, int seed, RoutingOptions? options = null)
    {
        ReplicaTraits[] replicas = Replicas(1, 1, 1, 0.05);
        replicas[3] = replicas[3] with { Probe = TimeSpan.FromMilliseconds(0.05) };
        return Steady(policy, seed, 0.6, replicas, 1, options);
    }

    /// <summary>Eight alike, the last one lies.</summary>
    public static SimulatedFleet OneLiar(Policy policy, int seed, RoutingOptions? options = null)
    {
        ReplicaTraits[] replicas = Replicas(1, 1, 1, 1, 1, 1, 1, 1);
        replicas[7] = replicas[7] with { IsLiar = true };
        return Steady(policy, seed, 0.6, replicas, 1, options);
    }

    /// <summary>Eight alike behind sixteen gateways, none of which sees more than a sixteenth of the load.</summary>
    public static SimulatedFleet ManyGateways(Policy policy, int seed, RoutingOptions? options = null) =>
        Steady(policy, seed, 0.7, Replicas(1, 1, 1, 1, 1, 1, 1, 1), 16, options);

    /// <summary>Chunks and small objects mixed; the first replica is nearer than the rest, and would get all the small ones.</summary>
    public static SimulatedFleet SmallObjects(Policy policy, int seed, RoutingOptions? options = null)
    {
        ReplicaTraits[] replicas = Replicas(1, 1, 1, 1);
        for (int i = 0; i < replicas.Length; i++)
        {
            replicas[i] = replicas[i] with { FirstByte = TimeSpan.FromMilliseconds(i == 0 ? 0.5 : 5) };
        }

        SimulatedFleet fleet = new(policy, seed, replicas, 1, options);
        fleet.Run(async () =>
        {
            await fleet.ArrivalsAsync(20, ChunksOfEach, Beginning);
            fleet.StartMeasuring();
            await Task.WhenAll(
                fleet.ArrivalsAsync(20, ChunksOfEach, Beginning), fleet.ArrivalsAsync(1000, 1, Beginning, null, chunkBytes: 64 * 1024));
        });
        return fleet;
    }

    /// <summary>Four alike at 60 %; one hangs for ten seconds with its connections open, as under SIGSTOP.</summary>
    public static SimulatedFleet OneHangs(Policy policy, int seed)
    {
        SimulatedFleet fleet = new(policy, seed, Replicas(1, 1, 1, 1));
        fleet.Run(async () =>
        {
            await fleet.ArrivalsAsync(36, ChunksOfEach, Beginning);
            fleet.StartMeasuring();
            Task clients = fleet.ArrivalsAsync(36, ChunksOfEach, Measured);
            await Task.Delay(Beginning, fleet.Time);
            fleet["d"].SetRate(0);
            await Task.Delay(Beginning, fleet.Time);
            fleet["d"].SetRate(Gigabit);
            await clients;
        });
        return fleet;
    }

    /// <summary>Three alike, 120 clients at once; a fourth joins, which is slow for two seconds: its page cache is cold.</summary>
    /// <returns>The most transfers that the fourth had at once while it was slow.</returns>
    public static (SimulatedFleet Fleet, int MostWhileCold) OneJoins(Policy policy, int seed)
    {
        int most = 0;
        SimulatedFleet fleet = new(policy, seed, Replicas(1, 1, 1));
        fleet.Run(async () =>
        {
            Task storm = fleet.StormAsync(120, 32);
            await Task.Delay(TimeSpan.FromSeconds(2), fleet.Time);
            fleet.Join(ReplicaTraits.Of("d", Gigabit));
            fleet["d"].SetRate(Gigabit / 50);
            await Task.Delay(TimeSpan.FromSeconds(2), fleet.Time);
            most = fleet["d"].MostInFlight;
            fleet["d"].SetRate(Gigabit);
            await storm;
        });
        return (fleet, most);
    }

    /// <summary>Four serve a storm; all die at once; half a minute later one is back.</summary>
    /// <returns>Seconds from its return to the first chunk delivered, and to the last.</returns>
    public static (SimulatedFleet Fleet, double FirstSeconds, double LastSeconds) AllGoneThenOne(Policy policy, int seed)
    {
        double first = 0;
        double last = 0;
        SimulatedFleet fleet = new(policy, seed, Replicas(1, 1, 1, 1));
        fleet.Run(async () =>
        {
            Task storm = fleet.StormAsync(64, 16);
            await Task.Delay(TimeSpan.FromSeconds(1), fleet.Time);
            foreach (string id in (string[])["a", "b", "c", "d"])
            {
                fleet[id].Stop();
            }

            await Task.Delay(TimeSpan.FromSeconds(30), fleet.Time);
            TimeSpan back = fleet.Time.Elapsed;
            int chunks = fleet.Chunks;
            fleet["c"].Start();
            while (fleet.Chunks == chunks)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), fleet.Time);
            }

            first = (fleet.Time.Elapsed - back).TotalSeconds;
            await storm;
            last = (fleet.Time.Elapsed - back).TotalSeconds;
        });
        return (fleet, first, last);
    }

    /// <summary>
    /// Two replicas at the clients' site, two at another, 20 ms away; the load is given as a part of what the local two can.
    /// </summary>
    public static SimulatedFleet TwoSites(Policy policy, int seed, double load)
    {
        ReplicaTraits[] replicas = Replicas(1, 1, 1, 1);
        for (int i = 0; i < replicas.Length; i++)
        {
            replicas[i] = i < 2
                ? replicas[i] with { Site = new ReplicaSite("here", null) }
                : replicas[i] with { Site = new ReplicaSite("there", null), FirstByte = TimeSpan.FromMilliseconds(20) };
        }

        double clientsPerSecond = load * 2 * Gigabit / (ChunksOfEach * (double)SimulatedFleet.ChunkBytes);
        SimulatedFleet fleet = new(policy, seed, replicas);
        fleet.Run(() => fleet.ArrivalsAsync(clientsPerSecond, ChunksOfEach, Measured, "here"));
        return fleet;
    }

    private static ReplicaTraits[] Replicas(params double[] gigabits) =>
        [.. gigabits.Select((gigabit, i) => ReplicaTraits.Of($"{(char)('a' + i)}", gigabit * Gigabit))];

    private static SimulatedFleet Steady(
        Policy policy, int seed, double utilisation, ReplicaTraits[] replicas, int gateways, RoutingOptions? options)
    {
        SimulatedFleet fleet = new(policy, seed, replicas, gateways, options);
        double bytesPerSecond = utilisation * replicas.Sum(replica => replica.BytesPerSecond);
        double clientsPerSecond = bytesPerSecond / (ChunksOfEach * (double)SimulatedFleet.ChunkBytes);
        fleet.Run(async () =>
        {
            await fleet.ArrivalsAsync(clientsPerSecond, ChunksOfEach, Beginning);
            fleet.StartMeasuring();
            await fleet.ArrivalsAsync(clientsPerSecond, ChunksOfEach, Measured);
        });
        return fleet;
    }
}
