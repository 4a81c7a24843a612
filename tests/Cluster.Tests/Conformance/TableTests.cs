using System.Globalization;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Tests.Support;
using PhaseMesh.TestKit;

namespace PhaseMesh.Cluster.Tests.Conformance;

/// <summary>Membership, reminders, events and queries, whatever the storage.</summary>
public abstract class TableTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    protected StorageLab Lab { get; private set; } = null!;

    public async Task InitializeAsync() => Lab = await NewLabAsync();

    public async Task DisposeAsync() => await Lab.DisposeAsync();

    protected abstract Task<StorageLab> NewLabAsync();

    [Fact]
    public async Task Silos_AreListed_WithGenerationsAndFarewells()
    {
        GrainCluster first = await Lab.StartSiloAsync("one", options => options.SiloAddress = "http://one:8080");
        await first.DisposeAsync();
        GrainCluster again = await Lab.StartSiloAsync("one");
        GrainCluster twin = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");

        IReadOnlyList<SiloEntry> silos = await two.Membership.ListAsync();

        Assert.Equal(
            [("one", 3, SiloStatus.Active), ("one", 2, SiloStatus.Superseded), ("one", 1, SiloStatus.Left), ("two", 1, SiloStatus.Active)],
            silos.Select(silo => (silo.Identity.Name, silo.Identity.Generation, silo.Status)));
        Assert.Equal("http://one:8080", silos[2].Address);
        Assert.InRange(silos[3].LeaseRemaining, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(10));
        Assert.Equal(new SiloIdentity("two", 1), two.Membership.Self);
        Assert.Equal([2, 3], new[] { again, twin }.Select(silo => silo.Membership.Self!.Value.Generation));
    }

    [Fact]
    public async Task SiloWhoseLeaseRanOut_IsLost()
    {
        GrainCluster silo = await Lab.StartSiloAsync("one");
        await silo.Session.Store.Tables.JoinAsync("dead", "", "", TimeSpan.FromMilliseconds(-1), CancellationToken.None);

        Assert.Equal(SiloStatus.Lost, Assert.Single(await silo.Membership.ListAsync(), entry => entry.Identity.Name == "dead").Status);
        await silo.Session.Store.Tables.ForgetSilosAsync(TimeSpan.Zero, CancellationToken.None);
        Assert.DoesNotContain(await silo.Membership.ListAsync(), entry => entry.Identity.Name == "dead");
    }

    [Fact]
    public async Task Reminder_RingsAgainAndAgain_UntilItIsStopped()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        IAlarmGrain alarm = one.GetGrain<IAlarmGrain>("a");
        await alarm.SetAsync("wake", TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        await Eventually.IsAsync(async () => await alarm.RingsAsync() >= 3);

        Assert.Equal("wake", await two.GetGrain<IAlarmGrain>("a").NamesAsync());
        await two.GetGrain<IAlarmGrain>("a").StopAsync("wake");
        Assert.Equal("", await alarm.NamesAsync());
    }

    [Fact]
    public async Task Reminder_OutlivesTheSiloThatSetIt()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        await one.GetGrain<IAlarmGrain>("a").SetAsync("later", TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(10));
        await one.DisposeAsync();

        await Lab.StartSiloAsync("two");
        await Lab.Gates.PassedAsync("rang a");
    }

    [Fact]
    public async Task ReminderThatFails_RunsAgain()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        await silo.GetGrain<IAlarmGrain>("a").SetAsync("fails once", TimeSpan.Zero, TimeSpan.FromMinutes(10));
        await Lab.Gates.PassedAsync("rang a");
        Assert.Equal(1, await silo.GetGrain<IAlarmGrain>("a").RingsAsync());
    }

    [Fact]
    public async Task ClaimedReminder_IsNobodyElses_UntilItsClaimEnds()
    {
        GrainCluster silo = await Lab.StartSiloAsync(configure: options => options.ReminderPollPeriod = TimeSpan.FromMinutes(5));
        Stores.IStoreTables tables = silo.Session.Store.Tables;
        await silo.GetGrain<IAlarmGrain>("a").SetAsync("held", TimeSpan.Zero, TimeSpan.FromMinutes(1));

        Stores.DueReminder held = Assert.Single(
            await tables.ClaimRemindersAsync(["Alarm"], TimeSpan.FromMinutes(1), 10, CancellationToken.None));
        Assert.Empty(await tables.ClaimRemindersAsync(["Alarm"], TimeSpan.FromMinutes(1), 10, CancellationToken.None));

        await tables.DelayReminderAsync(held, TimeSpan.FromMilliseconds(-1), CancellationToken.None);
        Stores.DueReminder again = Assert.Single(
            await tables.ClaimRemindersAsync(["Alarm"], TimeSpan.FromMinutes(1), 10, CancellationToken.None));
        Assert.Equal(2, again.Attempt);

        // The first holder comes back late: its claim is lost, and it changes nothing.
        await tables.DelayReminderAsync(held, TimeSpan.FromMilliseconds(-1), CancellationToken.None);
        Assert.Empty(await tables.ClaimRemindersAsync(["Alarm"], TimeSpan.FromMinutes(1), 10, CancellationToken.None));
        await tables.CompleteReminderAsync(again, CancellationToken.None);
        Assert.Empty(await tables.ClaimRemindersAsync(["Alarm"], TimeSpan.FromMinutes(1), 10, CancellationToken.None));
    }

    [Fact]
    public async Task Events_ReachEverySilo_InTheOrderOfTheirGrain()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        using CancellationTokenSource stop = new(Limit);
        Task<List<FeedEvent>>[] readers = [CollectAsync(one, 60, stop.Token), CollectAsync(two, 60, stop.Token)];

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async grain =>
        {
            for (int i = 0; i < 5; i++)
            {
                await (i % 2 == 0 ? one : two).GetGrain<ICounterGrain>($"g{grain}").EmitAsync("boots", 3);
            }
        }));

        foreach (List<FeedEvent> events in await Task.WhenAll(readers))
        {
            Assert.Equal(events.Select(entry => entry.Sequence).Order(), events.Select(entry => entry.Sequence));
            foreach (IGrouping<string, FeedEvent> ofGrain in events.GroupBy(entry => entry.Key))
            {
                Assert.Equal(Enumerable.Range(1, 15).Select(i => (long)i), ofGrain.Select(entry => entry.Read<Told>()!.Value));
                Assert.Equal(Enumerable.Range(0, 15).Select(i => (i / 3) + 1L), ofGrain.Select(entry => entry.Version));
            }
        }

        static async Task<List<FeedEvent>> CollectAsync(GrainCluster silo, int count, CancellationToken cancellationToken)
        {
            List<FeedEvent> events = [];
            await foreach (FeedEvent feedEvent in silo.Events.SubscribeAsync("boots", 0, cancellationToken))
            {
                events.Add(feedEvent);
                if (events.Count == count)
                {
                    break;
                }
            }

            return events;
        }
    }

    [Fact]
    public async Task Event_IsThereOnlyWithItsWrite()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        ICounterGrain grain = silo.GetGrain<ICounterGrain>("a");
        await Assert.ThrowsAsync<InvalidOperationException>(() => grain.EmitAndThrowAsync("boots"));
        await Assert.ThrowsAsync<GrainRuleException>(() => grain.EmitWithoutWriteAsync("boots"));
        await grain.EmitAsync("other", 1);
        await grain.EmitAsync("boots", 1);

        FeedEvent only = Assert.Single(await silo.Events.ReadAsync("boots", 0));
        Assert.Equal(2, only.Read<Told>()!.Value);
        await Assert.ThrowsAsync<ArgumentException>(() => silo.Events.ReadAsync("no such; name", 0));
    }

    [Fact]
    public async Task Events_AreKeptForABoundedNumber()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        await silo.GetGrain<ICounterGrain>("a").EmitAsync("boots", 10);
        await silo.Session.Store.Tables.TrimAsync(TimeSpan.FromHours(1), 3, TimeSpan.FromHours(1), CancellationToken.None);

        Assert.Equal([8, 9, 10], (await silo.Events.ReadAsync("boots", 0)).Select(entry => entry.Read<Told>()!.Value));
    }

    [Fact]
    public async Task Query_FiltersOrdersAndPages()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        DateTimeOffset begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        string[] owners = ["ann", "Bob", "'; --", "zoë"];
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => silo.GetGrain<ICounterGrain>($"k{i:00}").SetAsync(
            i % 5 == 4 ? null : owners[i % 4], i % 2 == 0 ? Colour.Red : Colour.Green, begin + TimeSpan.FromMinutes(i))));
        await silo.GetGrain<ICounterGrain>("k40").SetAsync("ann", Colour.Green, null);
        await silo.GetGrain<ICounterGrain>("k40").ClearAsync();
        IGrainQuery<CounterState> query = silo.Query<CounterState>();

        Assert.Equal(40, await query.CountAsync());
        Assert.Equal(20, await query.CountAsync(new GrainFilter<CounterState>().Where(state => state.Colour, Colour.Red)));
        Assert.Equal(8, await query.CountAsync(new GrainFilter<CounterState>().Where(state => state.Owner, null)));
        Assert.Equal(8, await query.CountAsync(new GrainFilter<CounterState>().Where(state => state.Owner, "'; --")));
        Assert.Equal(24, await query.CountAsync(new GrainFilter<CounterState>().WhereNot(state => state.Owner, "Bob")));
        Assert.Equal(16, await query.CountAsync(new GrainFilter<CounterState>().WhereIn(state => state.Owner, "ann", "zoë")));
        Assert.Equal(0, await query.CountAsync(new GrainFilter<CounterState>().WhereIn(state => state.Owner, [])));
        Assert.Equal(10, await query.CountAsync(new GrainFilter<CounterState>().WhereKeyStartsWith("k1")));
        Assert.Equal(5, await query.CountAsync(new GrainFilter<CounterState>()
            .WhereAtLeast(state => state.At, begin + TimeSpan.FromMinutes(10)).WhereBelow(state => state.At, begin + TimeSpan.FromMinutes(15))));
        Assert.Equal(
            new Dictionary<string, long> { ["ann"] = 8, ["Bob"] = 8, ["'; --"] = 8, ["zoë"] = 8, [""] = 8 },
            await query.CountByAsync(state => state.Owner));
        Assert.Equal("40", (await query.CountByAsync(state => state.Value))["0"].ToString(CultureInfo.InvariantCulture));

        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"k{i:00}"), await AllAsync(new GrainFilter<CounterState>()));
        Assert.Equal(
            Enumerable.Range(0, 40).Reverse().Select(
                i => $"k{i:00}"), await AllAsync(new GrainFilter<CounterState>().OrderByDescending(state => state.At)));
        Assert.Equal(
            Enumerable.Range(0, 40).Where(i => i % 5 != 4).OrderBy(i => owners[i % 4], StringComparer.Ordinal).Select(i => $"k{i:00}"),
            await AllAsync(new GrainFilter<CounterState>().OrderBy(state => state.Owner)));

        async Task<List<string>> AllAsync(GrainFilter<CounterState> filter)
        {
            List<string> keys = [];
            string? after = null;
            do
            {
                GrainPage<CounterState> page = await query.ListAsync(filter, 7, after);
                keys.AddRange(page.Rows.Select(row => row.Key));
                after = page.Next;
            }
            while (after is not null);

            return keys;
        }
    }

    [Fact]
    public async Task Query_RefusesWhatItCannotAnswer()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        IGrainQuery<CounterState> query = silo.Query<CounterState>();

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => query.ListAsync(limit: 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => query.ListAsync(limit: 1001));
        foreach (string position in (
            string[])["x", "====", "bnVsbA==", "WzEsMl0=", new string('A', 10_000), Convert.ToBase64String("[\"1\",\"k\"]"u8)])
        {
            await Assert.ThrowsAsync<ArgumentException>(() => query.ListAsync(after: position));
        }

        Assert.Throws<ArgumentException>(() => new GrainFilter<CounterState>().Where(state => state.Notes.Count, 1));
        Assert.Throws<ArgumentException>(() => new GrainFilter<CounterState>().Where(state => state.Notes, []));
        Assert.Throws<ArgumentException>(() => silo.Query<Uri2>());
    }

    private sealed class Uri2;
}
