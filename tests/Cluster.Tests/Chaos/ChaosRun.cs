using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Node;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.Cluster.Tests.Support;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Postgres;
using Xunit.Abstractions;

namespace PhaseMesh.Cluster.Tests.Chaos;

/// <summary>
/// Three silo processes and 64 callers on one storage, while a plan breaks things. 1: they start, with an observer silo in this process
/// that follows the feed. 2: the plan runs. 3: all is repaired, the bells must ring once more, the callers end. 4: the books are compared.
/// </summary>
internal sealed class ChaosRun(ITestOutputHelper output, string storage, PostgresServer? server, int seed, TimeSpan pause) : IAsyncDisposable
{
    private const int Callers = 64;
    private const int Silos = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeProvider Time = TimeProvider.System;
    private readonly string _database = storage.Split("Database=")[^1];

    private readonly long _began = Time.GetTimestamp();
    private readonly ChaosBook _book = new();
    private readonly Dictionary<string, List<string>> _told = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private GrainCluster? _observer;
    private Task _following = Task.CompletedTask;
    private long _sequence;

    public ChaosSilo[] Members { get; private set; } = [];

    public GrainCluster Observer => _observer ?? throw new InvalidOperationException("Not started.");

    public async Task StartAsync()
    {
        Say($"seed {seed} (again with CHAOS_SEED={seed})");
        _observer = await GrainCluster.StartAsync(NodeSetup.Options(storage, "observer", hasBells: false));
        _following = Task.Run(FollowAsync);
        Members = [.. Enumerable.Range(0, Silos).Select(i => new ChaosSilo(
            storage, $"s{i}", (Callers / Silos) + (i < Callers % Silos ? 1 : 0), pause, _book))];
        foreach (ChaosSilo silo in Members)
        {
            silo.Start();
        }

        await Task.WhenAll(Members.Select(silo => silo.WaitUntilReadyAsync()));
        await Members[0].SetBellsAsync();
    }

    /// <summary>Runs the plan for that long; everything is repaired at the end.</summary>
    public async Task BreakAsync(TimeSpan duration, bool canFreeze = true, bool isFirstSpared = false, int salt = 0)
    {
        List<Task> plans = [RunAsync(ChaosPlan.Silos(seed + salt, Silos, canFreeze, isFirstSpared), duration)];
        if (server is not null)
        {
            plans.Add(RunAsync(ChaosPlan.Database(seed + salt), duration));
        }

        await Task.WhenAll(plans);
        await Task.WhenAll(Members.Select(silo => silo.WaitUntilReadyAsync()));
    }

    /// <summary>Late rather than never: after all faults each bell rings again.</summary>
    public async Task HearBellsAsync()
    {
        long[] before = [.. Enumerable.Range(0, NodeSetup.Bells).Select(i => _book.RingsOf($"b{i}"))];
        await Eventually.IsAsync(() => before.Select((count, i) => _book.RingsOf($"b{i}") > count).All(rang => rang));
        Say($"bells rang {string.Join(' ', Enumerable.Range(0, NodeSetup.Bells).Select(i => _book.RingsOf($"b{i}")))} times");
    }

    /// <summary>What the first silo holds, and how large the tables are.</summary>
    public async Task<SiloGauge> GaugeAsync()
    {
        SiloGauge gauge = SiloGauge.Of(await Members[0].GaugeAsync());
        Say($"s0: {gauge}; {await TablesAsync()}");
        return gauge;
    }

    /// <summary>Nobody calls any more; there must be about as much as when the run was young.</summary>
    public async Task CheckLeaksAsync(SiloGauge first)
    {
        SiloGauge last = await GaugeAsync();
        Assert.True(
            last.ManagedBytes < (2 * first.ManagedBytes) + (32 << 20) && last.Files < first.Files + 20 && last.Threads < first.Threads + 40,
            $"s0 had {first}; at the end it has {last}.");
        long connections = await NumberAsync("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'");
        long changes = await NumberAsync("SELECT count(*) FROM phasemesh.change");
        Assert.InRange(connections, 1, 12 * (Silos + 1));
        Assert.InRange(changes, 0, 200_000);
    }

    /// <summary>Ends the callers, then holds what is stored against what was promised.</summary>
    public async Task SettleAsync()
    {
        foreach (string summary in await Task.WhenAll(Members.Select(silo => silo.StopCallersAsync())))
        {
            Say(summary);
        }

        List<string> faults = [.. _book.Faults];
        Dictionary<string, Dictionary<long, string>> byVersion = [];
        using (GrainReads.Newest())
        {
            for (int i = 0; i < NodeSetup.Ledgers; i++)
            {
                LedgerView view = await Observer.GetGrain<ILedgerGrain>($"l{i}").ViewAsync();
                await Eventually.IsAsync(() => Told($"l{i}").Count >= view.Version);
                byVersion[$"l{i}"] = CheckLedger($"l{i}", view, faults);
            }

            await CheckTalliesAsync(faults);
        }

        foreach ((string ledger, long version, string id) in _book.AcknowledgedEntries)
        {
            if (byVersion[ledger].GetValueOrDefault(version) != id)
            {
                faults.Add($"{ledger}: {id} was acknowledged as version {version}; found {byVersion[ledger].GetValueOrDefault(version)}.");
            }
        }

        CheckRings(faults);
        Say($"{_book.Entries} acknowledged entries, {byVersion.Sum(ledger => ledger.Value.Count)} stored; {faults.Count} faults");
        Assert.True(_book.Entries > 100, $"Only {_book.Entries} entries were acknowledged: nothing was shown.");
        Assert.True(faults.Count == 0, $"Seed {seed}: {faults.Count} faults:{Environment.NewLine}"
            + string.Join(Environment.NewLine, faults.Take(20)) + string.Concat(Members.Select(silo => silo.Tail())));
    }

    public void Say(string text) => output.WriteLine($"[{Time.GetElapsedTime(_began).TotalSeconds,6:0.0}] {text}");

    public async ValueTask DisposeAsync()
    {
        foreach (ChaosSilo silo in Members)
        {
            await silo.DisposeAsync();
        }

        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_observer is not null)
        {
            await _observer.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task<string> TablesAsync() => string.Join(", ", await server!.SqlAsync(
        "SELECT relname || ' ' || n_live_tup || ' rows ' || pg_total_relation_size(relid) / 1024 || ' KiB' FROM pg_stat_user_tables "
            + "WHERE schemaname = 'phasemesh' ORDER BY relname",
        _database));

    private async Task<long> NumberAsync(string statement) => long.Parse((await server!.SqlAsync(statement, _database))[0]);

    private async Task RunAsync(IEnumerable<ChaosStep> plan, TimeSpan duration)
    {
        long began = Time.GetTimestamp();
        foreach (ChaosStep step in plan)
        {
            if (Time.GetElapsedTime(began) + step.After > duration)
            {
                return;
            }

            await Task.Delay(step.After, Time);
            Say($"{step}");
            await DoAsync(step).WaitAsync(Limit);
        }
    }

    private async Task DoAsync(ChaosStep step)
    {
        ChaosSilo silo = Members[step.Silo];
        switch (step.Fault)
        {
            case ChaosFault.KillSilo:
                await silo.KillAsync();
                await Task.Delay(step.Lasts, Time);
                silo.Start();
                break;
            case ChaosFault.LeaveSilo:
                await silo.LeaveAsync();
                await Task.Delay(step.Lasts, Time);
                silo.Start();
                break;
            case ChaosFault.FreezeSilo:
                await silo.FreezeAsync();
                await Task.Delay(step.Lasts, Time);
                await silo.ThawAsync();
                break;
            case ChaosFault.RestartDatabase:
                await server!.StopAsync();
                await Task.Delay(step.Lasts, Time);
                await server.StartAsync();
                break;
            case ChaosFault.CrashDatabase:
                await server!.KillAsync();
                await Task.Delay(step.Lasts, Time);
                await server.StartAsync();
                break;
            case ChaosFault.PauseDatabase:
                await server!.PauseAsync();
                await Task.Delay(step.Lasts, Time);
                await server.ResumeAsync();
                break;
            default:
                await server!.CutConnectionsAsync();
                break;
        }
    }

    /// <summary>All subscribers must see every event once, each ledger's in the order of its versions.</summary>
    private async Task FollowAsync()
    {
        await foreach (FeedEvent told in Observer.Events.SubscribeAsync(NodeSetup.Feed, after: 0, _stop.Token))
        {
            lock (_gate)
            {
                List<string> ids = _told.TryGetValue(told.Key, out List<string>? known) ? known : _told[told.Key] = [];
                if (told.Sequence <= _sequence || told.Version != ids.Count + 1)
                {
                    _book.Fault($"The feed told {told.Key} version {told.Version} (event {told.Sequence}) after version {ids.Count} "
                        + $"(event {_sequence}).");
                }

                _sequence = told.Sequence;
                ids.Add(told.Read<LedgerEntry>()!.Id);
            }
        }
    }

    private List<string> Told(string ledger)
    {
        lock (_gate)
        {
            return [.. _told.GetValueOrDefault(ledger, [])];
        }
    }

    private Dictionary<long, string> CheckLedger(string ledger, LedgerView view, List<string> faults)
    {
        List<string> ids = Told(ledger);
        ulong digest = ids.Aggregate(0UL, NodeSetup.Digest);
        if (view.Version != view.Count || ids.Count != view.Count || digest != view.Digest)
        {
            faults.Add($"{ledger} has version {view.Version}, {view.Count} entries and digest {view.Digest:x}; the feed told {ids.Count} "
                + $"with digest {digest:x}.");
        }

        if (ids.Distinct().Count() != ids.Count)
        {
            faults.Add($"{ledger} has entries twice: {string.Join(", ", ids.GroupBy(id => id).Where(id => id.Count() > 1).Select(id => id.Key))}");
        }

        return ids.Select((id, i) => (Version: i + 1L, Id: id)).ToDictionary(entry => entry.Version, entry => entry.Id);
    }

    /// <summary>Runs that ended in peace acknowledged all they did, but for what they said is unknown.</summary>
    private async Task CheckTalliesAsync(List<string> faults)
    {
        Dictionary<string, long> stored = [];
        for (int i = 0; i < NodeSetup.Tallies; i++)
        {
            TallyView view = await Observer.GetGrain<ITallyGrain>($"t{i}").ViewAsync();
            if (view.Version != view.Counts.Values.Sum())
            {
                faults.Add($"t{i} has version {view.Version} and {view.Counts.Values.Sum()} writes.");
            }

            foreach ((string writer, long count) in view.Counts)
            {
                stored[writer] = stored.GetValueOrDefault(writer) + count;
            }
        }

        HashSet<string> killed = [.. Members.SelectMany(silo => silo.KilledRuns)];
        foreach (string writer in stored.Keys.Union(_book.AcknowledgedTallies.Keys))
        {
            string run = writer[..writer.LastIndexOf('.')];
            long least = _book.AcknowledgedTallies.GetValueOrDefault(writer);
            long most = killed.Contains(run) ? long.MaxValue : least + _book.UnknownTallies.GetValueOrDefault(run);
            long found = stored.GetValueOrDefault(writer);
            if (found < least || found > most)
            {
                faults.Add($"{writer} was acknowledged {least} tallies, and at most {most}; stored are {found}.");
            }
        }
    }

    private void CheckRings(List<string> faults)
    {
        foreach (IGrouping<string, ChaosBook.Ring> bell in _book.Rings.GroupBy(ring => ring.Bell))
        {
            ChaosBook.Ring? before = null;
            foreach (ChaosBook.Ring ring in bell.OrderBy(ring => ring.Begin))
            {
                if (before is not null && ring.Begin < before.End && ring.Process != before.Process)
                {
                    faults.Add($"{bell.Key} rang in process {before.Process} and, {Time.GetElapsedTime(ring.Begin, before.End).TotalSeconds} s "
                        + $"before that ended, in process {ring.Process}.");
                }

                before = before is null || ring.End > before.End ? ring : before;
            }
        }
    }
}
