namespace PhaseMesh.TestKit.Simulation;

/// <summary>What lies between any two nodes. The same seed makes the same links.</summary>
public sealed record LinkModel
{
    public int Seed { get; init; } = 1;

    /// <summary>Median of the one-way delays. Links differ, a link keeps its own.</summary>
    public TimeSpan MedianDelay { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>
    /// Sigma of the delays' log-normal distribution: with 0.5 one link in twenty is slower than 2.3 times the median. 0: all alike.
    /// </summary>
    public double Spread { get; init; } = 0.5;

    /// <summary>Share of the messages that never arrive, requests and replies alike: harsher than TCP, which sends them again.</summary>
    public double Loss { get; init; }

    /// <summary>Round trips to a peer without a connection before the first request: TCP, then Noise.</summary>
    public int ConnectRoundTrips { get; init; } = 2;

    /// <summary>No delays, no loss.</summary>
    public static LinkModel Ideal { get; } = new() { MedianDelay = TimeSpan.Zero, Spread = 0 };

    /// <summary>The one-way delay of the link between two nodes, the same in both directions.</summary>
    public TimeSpan DelayBetween(int one, int other)
    {
        if (Spread == 0)
        {
            return MedianDelay;
        }
        (int low, int high) = one < other ? (one, other) : (other, one);
        // splitmix64, twice: far cheaper than a generator per link.
        ulong state = ((ulong)(uint)Seed << 48) ^ ((ulong)(uint)low << 24) ^ (uint)high;
        double first = Next(ref state);
        double second = Next(ref state);
        double normal = Math.Sqrt(-2 * Math.Log(1 - first)) * Math.Cos(2 * Math.PI * second);
        return MedianDelay * Math.Exp(Spread * normal);
    }

    private static double Next(ref ulong state)
    {
        ulong mixed = state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return ((mixed ^ (mixed >> 31)) >> 11) / (double)(1UL << 53);
    }
}
