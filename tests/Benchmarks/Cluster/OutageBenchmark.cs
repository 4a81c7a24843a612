using System.Diagnostics;
using PhaseMesh.Benchmarks.Loads;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Node;
using PhaseMesh.TestKit.Postgres;

namespace PhaseMesh.Benchmarks.Cluster;

/// <summary>
/// How long grains give no answer to a live silo's callers when the silo they were busy on is killed or frozen: the longest pause between
/// two answers of any grain in the 5 s that follow. Each grain is written by both silos all the time.
/// </summary>
internal sealed class OutageBenchmark : IBenchmark
{
    private const string Orleans = "Orleans (facts), constant";
    private const double OrleansKill = 9.9;
    private const double OrleansFreeze = 62;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    public IReadOnlyList<string> RowNames { get; } = ["grain.outage.kill", "grain.outage.freeze"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using PostgresServer server = await PostgresServer.StartNewAsync();
        string database = await server.NewDatabaseAsync(isTcp: true);
        await using GrainCluster live = await GrainCluster.StartAsync(NodeSetup.Options($"postgres:{database}", "live", hasBells: false));
        List<(double, double)> kills = [];
        List<(double, double)> freezes = [];
        List<double> starts = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string signal, List<(double, double)> measured, double peer) in
                new[] { ("KILL", kills, OrleansKill), ("STOP", freezes, OrleansFreeze) })
            {
                await using SiloProcess victim = await SiloProcess.StartAsync(database, "victim", callers: 21);
                starts.Add(victim.Started.TotalSeconds);
                measured.Add((await LongestPauseAsync(live, () => victim.SignalAsync(signal)), peer));
            }
        }

        await PrintFootprintAsync(database, starts);
        return
        [
            Row.From("grain.outage.kill", "s", higherIsBetter: false, Orleans, kills),
            Row.From("grain.outage.freeze", "s", higherIsBetter: false, Orleans, freezes),
        ];
    }

    private static async Task<double> LongestPauseAsync(GrainCluster live, Func<Task> fault)
    {
        using CancellationTokenSource stop = new();
        long faultAt = long.MaxValue;
        Task<double>[] callers = [.. Enumerable.Range(0, NodeSetup.Ledgers).Select(i => Task.Run(async () =>
        {
            ILedgerGrain ledger = live.GetGrain<ILedgerGrain>($"l{i}");
            long last = Stopwatch.GetTimestamp();
            double longest = 0;
            for (int number = 0; !stop.IsCancellationRequested; number++)
            {
                await ledger.AppendAsync($"{Environment.ProcessId}.{i}.{number}");
                long now = Stopwatch.GetTimestamp();
                longest = now > Volatile.Read(ref faultAt) ? Math.Max(longest, Stopwatch.GetElapsedTime(last, now).TotalSeconds) : 0;
                last = now;
            }

            return longest;
        }))];
        await Task.Delay(Settled, TimeProvider.System);
        Volatile.Write(ref faultAt, Stopwatch.GetTimestamp());
        await fault();
        await Task.Delay(Watched, TimeProvider.System);
        await stop.CancelAsync();
        return (await Task.WhenAll(callers)).Max();
    }

    private static async Task PrintFootprintAsync(string database, List<double> starts)
    {
        const int Filled = 100_000;
        await using SiloProcess idle = await SiloProcess.StartAsync(database, "idle", callers: 0);
        await Task.Delay(Settled, TimeProvider.System);
        double cpu = ProcessCpu.Seconds(idle.Id);
        await Task.Delay(Watched, TimeProvider.System);
        double idleCpu = (ProcessCpu.Seconds(idle.Id) - cpu) / Watched.TotalSeconds;
        double empty = idle.ResidentMebibytes();
        await idle.AskAsync($"fill {Filled}", "filled");
        await idle.AskAsync("gauge", "gauge ");
        Console.WriteLine($"  start to serving {starts.Order().ElementAt(starts.Count / 2):0.00} s; idle {empty:0} MiB and {idleCpu:P1} of a core; "
            + $"with {Filled:N0} grains of half a kilobyte {idle.ResidentMebibytes():0} MiB");
    }
}
