using PhaseMesh.Cluster.Hosting;

namespace PhaseMesh.Cluster.Node;

/// <summary>How the silos of a chaos run are set up; short limits, so that much happens in little time.</summary>
public static class NodeSetup
{
    public const string Feed = "ledger";
    public const int Ledgers = 24;
    public const int Tallies = 12;
    public const int Bells = 8;

    public static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(3);
    public static readonly TimeSpan BellPeriod = TimeSpan.FromSeconds(1);

    /// <param name="storage"><c>postgres:CONNECTION STRING</c> or <c>sqlite:PATH</c>.</param>
    /// <param name="name">The silo's.</param>
    /// <param name="hasBells">Whether it runs reminders.</param>
    public static GrainClusterOptions Options(string storage, string name, bool hasBells)
    {
        string[] parts = storage.Split(':', 2);
        GrainClusterOptions options = new()
        {
            SiloName = name,
            Storage = parts[0] == "sqlite" ? GrainStorage.Sqlite(parts[1]) : GrainStorage.Postgres(parts[1]),
            CallLimit = CallLimit,
            FailFastAfter = TimeSpan.FromSeconds(1),
            SiloLease = TimeSpan.FromSeconds(5),
            MinReminderPeriod = TimeSpan.FromMilliseconds(500),
            ReminderPollPeriod = TimeSpan.FromMilliseconds(250),
        };
        options.AddGrain<LedgerGrain>().AddGrain<TallyGrain>();
        return hasBells ? options.AddGrain<BellGrain>() : options;
    }

    /// <summary>What a ledger's digest is after this entry.</summary>
    public static ulong Digest(ulong before, string id) => LedgerGrain.Digest(before, id);
}
