namespace PhaseMesh.Gateway.Routing;

/// <summary>
/// The constants of the choice of replica (docs/gateway-routing.md has the rule). Those that matter were swept in the simulation of
/// tests/Gateway.Tests/Routing/Simulation; the remarks say what came out.
/// </summary>
internal sealed record RoutingOptions
{
    public static RoutingOptions Default { get; } = new();

    /// <summary>How many replicas of each distance are looked at, at random. 1 to <see cref="MaxChoices"/>.</summary>
    /// <remarks>
    /// Swept 1 to 8. Looking at all of eight was best even with sixteen gateways side by side (p99 51 ms; 65 at 6, 90 at 4, 109 at 2):
    /// what a
    /// gateway knows of its own transfers is exact. At 2 of unequal replicas both may be slow (p99 628 against 30 ms). So this bounds the
    /// work in large fleets rather than the herd.
    /// </remarks>
    public int Choices { get; init; } = 8;

    public const int MaxChoices = 16;

    /// <summary>By how much longer a replica of the same site, but another rack, seems to take. At least 1.</summary>
    public double SameSiteFactor { get; init; } = 1.25;

    /// <summary>
    /// By how much longer a replica of another site seems to take: local ones are left when they are this much slower. At least 1.
    /// </summary>
    public double ElsewhereFactor { get; init; } = 4;

    /// <summary>A replica is hot when its queue is this many times the shortest one looked at. Above 1.</summary>
    /// <remarks>Swept 1.5 to 4 and off: for small objects among chunks p99.9 32, 32 and 34 ms, off 36; never matters for chunks.</remarks>
    public double HotFactor { get; init; } = 2;

    /// <summary>... and it has at least this many requests in flight: queues of one and two say nothing.</summary>
    public int HotInFlight { get; init; } = 4;

    /// <summary>Over what time measured rates and first bytes are averaged.</summary>
    /// <remarks>Swept 0.25 to 4 s with four gateways: p99 44, 48 and 51 ms; below, a single transfer speaks for a replica.</remarks>
    public TimeSpan Averaging { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How fast a figure that is not measured again falls back to the others' median, so that a slow replica is tried again.
    /// </summary>
    /// <remarks>
    /// Swept 10 to 120 s: at 10 the trials of a slow replica show in p99.9 (169 against 63 ms), above 30 nothing is gained.
    /// </remarks>
    public TimeSpan Forgetting { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A figure this old is tried out by one transfer before more may follow.</summary>
    /// <remarks>Swept 1 to 20 s: no difference at 1, p99.9 up by a tenth at 20.</remarks>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A transfer is measured in windows of this length, so that a long one tells early.</summary>
    /// <remarks>Swept 20 to 500 ms: no difference within the noise.</remarks>
    public TimeSpan MeasureEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Less than this tells no rate: it came in one piece, and its time is mostly the wait for the first byte.</summary>
    /// <remarks>
    /// At 64 KiB small objects made far replicas seem slow, and overloaded the near one (p99 47 ms where round robin had 28).
    /// </remarks>
    public int LeastMeasuredBytes { get; init; } = 256 * 1024;

    /// <summary>In what time half of the load that a probe reported is believed to have ended.</summary>
    /// <remarks>
    /// Swept 0.2 to 10 s with probes each second and up to sixteen gateways: p99 51 ms at 0.3 s, 77 at 2 s. A chunk takes some 10 ms.
    /// </remarks>
    public TimeSpan OthersHalfLife { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How many transfers a new replica, or one that is back, takes at a time; one more with each that ends well.</summary>
    public int WarmUpFrom { get; init; } = 2;

    /// <summary>From this allowance on it is warm.</summary>
    public int WarmUpUntil { get; init; } = 64;

    /// <summary>After the first fault; doubles with each that follows.</summary>
    public TimeSpan CooldownFirst { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan CooldownMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After a first "busy", which is no failure.</summary>
    public TimeSpan BusyFirst { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan BusyMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Faults older than this are forgotten.</summary>
    public TimeSpan FaultsForgottenAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A first byte is a slow start when it takes this many times the candidates' median ...</summary>
    public double SlowStartFactor { get; init; } = 10;

    /// <summary>... and at least this long.</summary>
    public TimeSpan SlowStartLeast { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>When every candidate cools, each is asked once in this time rather than nobody.</summary>
    public TimeSpan LastResortEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>What the state of providers that left the directory is kept for, in case they only blinked ...</summary>
    public TimeSpan KeepDeparted { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>... and of how many at most.</summary>
    public int MaxDeparted { get; init; } = 256;

    /// <summary>
    /// How many providers that sent wrong bytes are remembered, the latest; they stay excluded even when they leave and come back.
    /// </summary>
    public int MaxExcluded { get; init; } = 1024;

    /// <summary>Assumed before any replica was measured; only comparisons matter, so any value does.</summary>
    public const double UnmeasuredBytesPerSecond = 100e6;

    /// <inheritdoc cref="UnmeasuredBytesPerSecond"/>
    public const double UnmeasuredFirstByteSeconds = 0.002;

    /// <summary>What queues are compared and explanations computed for.</summary>
    public const int ReferenceLengthBytes = 1 << 20;

    /// <summary>What a replica's time counts for, by its distance from the client.</summary>
    public double FactorOf(ReplicaDistance distance) => distance switch
    {
        ReplicaDistance.SameRack => 1,
        ReplicaDistance.SameSite => SameSiteFactor,
        _ => ElsewhereFactor,
    };
}
