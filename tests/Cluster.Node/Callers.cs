using System.Collections.Concurrent;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.Cluster.Storage;

namespace PhaseMesh.Cluster.Node;

/// <summary>
/// Calls grains without end and prints what was promised: <c>entry LEDGER VERSION ID</c> and <c>tally TALLY WRITER COUNT</c> for
/// acknowledged writes, <c>unknown WRITER</c> for tallies nobody knows of, <c>hang</c> and <c>fault</c> for broken promises.
/// </summary>
internal sealed class Callers(GrainCluster silo, NodeLines lines, string run, TimeSpan pause)
{
    /// <summary>Beyond the call's limit, for a machine that is busy with other things.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly StallWatch _stalls = new();
    private volatile bool _isStopping;
    private readonly ConcurrentDictionary<string, long> _seen = [];
    private readonly ConcurrentDictionary<string, long> _outcomes = [];
    private long _longestTicks;
    private Task _all = Task.CompletedTask;

    public void Start(int count)
    {
        if (count > 0)
        {
            _stalls.Start();
            _all = Task.WhenAll(Enumerable.Range(0, count).Select(caller => Task.Run(() => RunAsync(caller))));
        }
    }

    public Task StopAsync()
    {
        _isStopping = true;
        return _all;
    }

    public string Summary() => string.Join(
        ' ', _outcomes.OrderBy(outcome => outcome.Key).Select(outcome => $"{outcome.Key}={outcome.Value}")
            .Append($"longest={new TimeSpan(Volatile.Read(ref _longestTicks)).TotalSeconds:0.000}s"));

    private async Task RunAsync(int caller)
    {
        Random random = new(HashCode.Combine(run, caller));
        string writer = $"{run}.{caller}";
        long tallied = 0;
        for (long number = 1; !_isStopping; number++)
        {
            string ledger = $"l{random.Next(NodeSetup.Ledgers)}";
            string tally = $"t{random.Next(NodeSetup.Tallies)}";
            string id = $"{writer}.{number}";
            int dice = random.Next(100);
            await MeasureAsync(dice < 55 ? "append" : dice < 75 ? "tally" : dice < 95 ? "read" : "newest", async () =>
            {
                switch (dice)
                {
                    case < 55:
                        long version = await silo.GetGrain<ILedgerGrain>(ledger).AppendAsync(id);
                        lines.Write($"entry {ledger} {version} {id}");
                        _seen.AddOrUpdate(ledger, version, (_, seen) => Math.Max(seen, version));
                        break;
                    case < 75:
                        await silo.GetGrain<ITallyGrain>(tally).AddAsync(writer);
                        lines.Write($"tally {tally} {writer} {++tallied}");
                        break;
                    default:
                        await ReadAsync(ledger, isNewest: dice >= 95);
                        break;
                }
            });
            await Task.Delay(pause * (0.5 + random.NextDouble()), TimeProvider.System);
        }
    }

    /// <summary>A read must see what this silo was told before it.</summary>
    private async Task ReadAsync(string ledger, bool isNewest)
    {
        long seen = _seen.GetValueOrDefault(ledger);
        using IDisposable? newest = isNewest ? GrainReads.Newest() : null;
        LedgerView view = await silo.GetGrain<ILedgerGrain>(ledger).ViewAsync();
        if (view.Version < seen || view.Version != view.Count)
        {
            lines.Write($"fault a read of {ledger} found version {view.Version}, count {view.Count}; this silo wrote {seen} before");
        }
    }

    private async Task MeasureAsync(string what, Func<Task> call)
    {
        long began = TimeProvider.System.GetTimestamp();
        string outcome = "done";
        try
        {
            await call();
        }
        catch (StorageUnavailableException exception)
        {
            outcome = exception.IsOutcomeUnknown ? "unknown" : "unavailable";
            if (what == "tally" && exception.IsOutcomeUnknown)
            {
                lines.Write("unknown tally");
            }
        }
        catch (InconsistentStateException)
        {
            outcome = "lost";
        }
        catch (TimeoutException)
        {
            outcome = "timeout";
        }
        catch (Exception exception)
        {
            lines.Write($"fault {what}: {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
        }

        TimeSpan elapsed = _stalls.Elapsed(began, TimeProvider.System.GetTimestamp());
        _outcomes.AddOrUpdate($"{what}.{outcome}", 1, (_, count) => count + 1);
        InterlockedMax(elapsed.Ticks);
        if (elapsed > NodeSetup.CallLimit + Grace)
        {
            lines.Write($"hang {what} took {elapsed.TotalSeconds:0.000} s and was {outcome}; limit {NodeSetup.CallLimit.TotalSeconds} s");
        }
    }

    private void InterlockedMax(long ticks)
    {
        long known = Volatile.Read(ref _longestTicks);
        while (ticks > known)
        {
            long found = Interlocked.CompareExchange(ref _longestTicks, ticks, known);
            if (found == known)
            {
                return;
            }

            known = found;
        }
    }
}
