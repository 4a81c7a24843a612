namespace PhaseMesh.Cluster.Tests.Chaos;

public enum ChaosFault
{
    /// <summary>kill -9, and a new process later.</summary>
    KillSilo,

    /// <summary>SIGSTOP, and SIGCONT later.</summary>
    FreezeSilo,

    /// <summary>A silo says goodbye, and a new process comes later.</summary>
    LeaveSilo,

    /// <summary>The database shuts down in order, and starts again.</summary>
    RestartDatabase,

    /// <summary>The database dies at once, and starts again.</summary>
    CrashDatabase,

    /// <summary>The database with all its processes stands still.</summary>
    PauseDatabase,

    /// <summary>The database ends all connections.</summary>
    CutConnections,
}

/// <param name="After">Pause since the step before it ended.</param>
/// <param name="Fault">What is done.</param>
/// <param name="Silo">To which silo, where it is done to one.</param>
/// <param name="Lasts">Until it is undone.</param>
internal sealed record ChaosStep(TimeSpan After, ChaosFault Fault, int Silo, TimeSpan Lasts)
{
    public override string ToString() => $"{Fault}{(Fault <= ChaosFault.LeaveSilo ? $" {Silo}" : "")} for {Lasts.TotalSeconds:0.0} s";
}

/// <summary>What will happen, from the seed alone: one row of steps for silos and one for the database, run side by side.</summary>
internal static class ChaosPlan
{
    public static IEnumerable<ChaosStep> Silos(int seed, int silos, bool canFreeze, bool isFirstSpared)
    {
        Random random = new(seed);
        while (true)
        {
            ChaosFault fault = random.Next(10) switch
            {
                < 4 => ChaosFault.KillSilo,
                < 8 => ChaosFault.FreezeSilo,
                _ => ChaosFault.LeaveSilo,
            };
            fault = fault == ChaosFault.FreezeSilo && !canFreeze ? ChaosFault.KillSilo : fault;
            int silo = random.Next(isFirstSpared && fault != ChaosFault.FreezeSilo ? 1 : 0, silos);
            TimeSpan lasts = Seconds(random, 0.2, fault == ChaosFault.FreezeSilo ? 5 : 1.5);
            yield return new ChaosStep(Seconds(random, 0.5, 3), fault, silo, lasts);
        }
    }

    public static IEnumerable<ChaosStep> Database(int seed)
    {
        Random random = new(seed ^ 0x5bd1e995);
        while (true)
        {
            ChaosFault fault = ChaosFault.RestartDatabase + random.Next(4);
            yield return new ChaosStep(Seconds(random, 3, 7), fault, 0, Seconds(random, 0.1, 4));
        }
    }

    private static TimeSpan Seconds(Random random, double least, double most) =>
        TimeSpan.FromSeconds(least + (random.NextDouble() * (most - least)));
}
