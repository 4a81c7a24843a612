using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.Cluster.Storage;
using PhaseMesh.Cluster.Tests.Support;
using PhaseMesh.TestKit;

namespace PhaseMesh.Cluster.Tests.Conformance;

/// <summary>What calls promise, whatever the storage.</summary>
public abstract class CallTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    protected StorageLab Lab { get; private set; } = null!;

    public async Task InitializeAsync() => Lab = await NewLabAsync();

    public async Task DisposeAsync() => await Lab.DisposeAsync();

    protected abstract Task<StorageLab> NewLabAsync();

    [Fact]
    public async Task Write_IsSeenByOwnReadsAtOnce_AndHasVersionsWithoutGaps()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        ICounterGrain grain = silo.GetGrain<ICounterGrain>("a");

        Assert.Null(await grain.GetEtagAsync());
        for (int i = 1; i <= 20; i++)
        {
            Assert.Equal(i, await grain.AddAsync(1));
            Assert.Equal(i, await grain.GetAsync());
            Assert.Equal($"{i}", await grain.GetEtagAsync());
        }
    }

    [Fact]
    public async Task Write_SurvivesTheSilo()
    {
        GrainCluster first = await Lab.StartSiloAsync("first");
        await first.GetGrain<ICounterGrain>("a").NoteAsync("Grüße, 世界 \0 \\ ' \" ; DROP TABLE state; --");
        await first.DisposeAsync();

        GrainCluster second = await Lab.StartSiloAsync("second");
        Assert.Equal("Grüße, 世界 \0 \\ ' \" ; DROP TABLE state; --", await second.GetGrain<ICounterGrain>("a").NotesAsync());
    }

    [Fact]
    public async Task Keys_OfAnyWellFormedText_AreKeptApart()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        string[] keys = ["a", "A", "a ", "ä", "'; DELETE FROM state; --", "%", "_", "a/b", "\U0001F600", new string('x', 512)];
        foreach ((string key, int i) in keys.Select((key, i) => (key, i)))
        {
            await silo.GetGrain<ICounterGrain>(key).AddAsync(i + 1);
        }

        GrainCluster other = await Lab.StartSiloAsync("other");
        foreach ((string key, int i) in keys.Select((key, i) => (key, i)))
        {
            Assert.Equal(i + 1, await other.GetGrain<ICounterGrain>(key).GetAsync());
        }
    }

    [Fact]
    public async Task ManyCallersOnTwoSilos_LoseNoWrite()
    {
        GrainCluster[] silos = [await Lab.StartSiloAsync("one"), await Lab.StartSiloAsync("two")];
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async caller =>
        {
            ICounterGrain grain = silos[caller % 2].GetGrain<ICounterGrain>($"hot{caller % 3}");
            for (int i = 0; i < 20; i++)
            {
                await grain.AddAsync(1);
            }
        }));

        using (GrainReads.Newest())
        {
            long sum = 0;
            for (int i = 0; i < 3; i++)
            {
                long value = await silos[0].GetGrain<ICounterGrain>($"hot{i}").GetAsync();
                Assert.Equal($"{value}", await silos[1].GetGrain<ICounterGrain>($"hot{i}").GetEtagAsync());
                sum += value;
            }

            Assert.Equal(320, sum);
        }
    }

    [Fact]
    public async Task TurnThatLost_RunsAgainOnTheNewerState()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        await one.GetGrain<ICounterGrain>("a").AddAsync(1);
        Task slow = one.GetGrain<ICounterGrain>("a").AddAfterAsync("gate");
        await Lab.Gates.ArrivalAsync("gate");

        await two.GetGrain<ICounterGrain>("a").AddAsync(10);
        Lab.Gates.Pass("gate");
        await slow.WaitAsync(Limit);

        Assert.Equal(12, await one.GetGrain<ICounterGrain>("a").GetAsync());
    }

    [Fact]
    public async Task Read_SeesOthersWritesWithinTheBound_AndNewestAtOnce()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        ICounterGrain here = one.GetGrain<ICounterGrain>("a");
        Assert.Equal(0, await here.GetAsync());

        for (int i = 1; i <= 10; i++)
        {
            await two.GetGrain<ICounterGrain>("a").AddAsync(1);
            using (GrainReads.Newest())
            {
                Assert.Equal(i, await here.GetAsync());
            }
        }

        await two.GetGrain<ICounterGrain>("a").AddAsync(1);
        await Eventually.IsAsync(async () => await here.GetAsync() == 11);
    }

    [Fact]
    public async Task TurnWithoutWrite_AnswersFromTheNewestState()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        for (int i = 1; i <= 10; i++)
        {
            await two.GetGrain<ICounterGrain>("a").AddAsync(1);
            Assert.Equal(i, await one.GetGrain<ICounterGrain>("a").GetInTurnAsync());
        }
    }

    [Fact]
    public async Task MethodThatThrows_LeavesNothingBehind()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        ICounterGrain grain = silo.GetGrain<ICounterGrain>("a");
        await grain.AddAsync(5);

        await Assert.ThrowsAsync<InvalidOperationException>(grain.ChangeAndThrowAsync);
        await grain.ChangeWithoutWriteAsync();

        Assert.Equal(5, await grain.GetAsync());
        Assert.Equal(5, await grain.GetInTurnAsync());
        Assert.Equal("", await grain.NotesAsync());
        Assert.Equal(6, await grain.AddAsync(1));
    }

    [Fact]
    public async Task ClearedRecord_IsGoneEverywhere_AndItsVersionIsNotUsedAgain()
    {
        GrainCluster one = await Lab.StartSiloAsync("one");
        GrainCluster two = await Lab.StartSiloAsync("two");
        ICounterGrain here = one.GetGrain<ICounterGrain>("a");
        ICounterGrain there = two.GetGrain<ICounterGrain>("a");
        await here.AddAsync(1);
        await there.AddAsync(1);

        await here.ClearAsync();
        Assert.Equal(0, await here.GetAsync());
        Assert.Equal(7, await here.AddAsync(7));

        Assert.Equal(8, await there.AddAsync(1));
        Assert.Equal("5", await there.GetEtagAsync());
    }

    [Fact]
    public async Task SecondWriteInOneTurn_FailsClearly_AndTheFirstStands()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        GrainRuleException fault = await Assert.ThrowsAsync<GrainRuleException>(silo.GetGrain<ICounterGrain>("a").WriteTwiceAsync);

        Assert.Contains("wrote twice", fault.Message);
        Assert.Equal(1, await silo.GetGrain<ICounterGrain>("a").GetAsync());
    }

    [Fact]
    public async Task TellingOthersBeforeTheWrite_FailsClearly()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        GrainRuleException fault = await Assert.ThrowsAsync<GrainRuleException>(
            () => silo.GetGrain<ICounterGrain>("a").TellThenWriteAsync("b"));

        Assert.Contains("Counter.AddAsync", fault.Message);
        Assert.Equal(0, await silo.GetGrain<ICounterGrain>("a").GetAsync());
        Assert.Equal(1, await silo.GetGrain<ICounterGrain>("a").AddThenTellAsync("c"));
    }

    [Fact]
    public async Task WritingInARead_FailsClearly()
    {
        GrainCluster silo = await Lab.StartSiloAsync(configure: options => options.VerifyReadOnlyCalls = true);
        ICounterGrain grain = silo.GetGrain<ICounterGrain>("a");
        await grain.AddAsync(1);

        await Assert.ThrowsAsync<GrainRuleException>(grain.WriteInReadAsync);
        await Assert.ThrowsAsync<GrainRuleException>(grain.ChangeInReadAsync);
    }

    [Fact]
    public async Task ChainThatComesBack_FailsAtOnceAndPrintsItself()
    {
        GrainCluster silo = await Lab.StartSiloAsync();

        GrainCallCycleException fault = await Assert.ThrowsAsync<GrainCallCycleException>(
            () => silo.GetGrain<ICounterGrain>("a").CallBackAsync("b"));
        Assert.Contains("Counter.CallBackAsync(a) -> Counter.CallBackAsync(b) -> Counter.CallBackAsync(a)", fault.Message);
        await Assert.ThrowsAsync<GrainCallCycleException>(silo.GetGrain<ICounterGrain>("a").CallSelfAsync);
    }

    [Fact]
    public async Task CallThatHangs_EndsAtItsLimit_CannotWriteLater_AndHoldsNobodyUp()
    {
        GrainCluster silo = await Lab.StartSiloAsync(configure: options => options.CallLimit = TimeSpan.FromSeconds(2));
        ICounterGrain grain = silo.GetGrain<ICounterGrain>("hangs");
        await Assert.ThrowsAsync<TimeoutException>(grain.HangAsync);

        await grain.AddAsync(1);
        Lab.Gates.Pass("hangs");
        await grain.AddAsync(1);

        Assert.Equal(2, await grain.GetAsync());
    }

    [Fact]
    public async Task OneWayCall_ReturnsBeforeItRan_AndRuns()
    {
        GrainCluster silo = await Lab.StartSiloAsync();
        await silo.GetGrain<ICounterGrain>("a").AddOneWayAsync(3);
        await Lab.Gates.PassedAsync("one-way a");
        Assert.Equal(3, await silo.GetGrain<ICounterGrain>("a").GetAsync());
    }

    [Fact]
    public async Task StorageAway_CallsFailWithinTheirLimit_StaleReadsGoOn_AndAllRecoversByItself()
    {
        GrainCluster silo = await Lab.StartSiloAsync(configure: options =>
        {
            options.CallLimit = TimeSpan.FromSeconds(4);
            options.FreshnessBound = TimeSpan.FromMilliseconds(500);
        });
        ICounterGrain grain = silo.GetGrain<ICounterGrain>("a");
        await grain.AddAsync(1);
        await Lab.TakeAwayAsync();
        try
        {
            StorageUnavailableException fault = await Assert.ThrowsAsync<StorageUnavailableException>(
                () => grain.AddAsync(1).WaitAsync(Limit));
            Assert.Contains("since", fault.Message);

            // Away for long enough now: the next one fails without waiting for its limit.
            await Assert.ThrowsAsync<StorageUnavailableException>(() => grain.AddAsync(1).WaitAsync(Limit));
            using (GrainReads.AllowStale())
            {
                Assert.Equal(1, await grain.GetAsync().WaitAsync(Limit));
            }
        }
        finally
        {
            await Lab.BringBackAsync();
        }

        await Eventually.IsAsync(() => silo.IsStorageAvailable);
        long value;
        using (GrainReads.Newest())
        {
            value = await grain.GetAsync();
        }

        Assert.Equal(value + 1, await grain.AddAsync(1));
    }
}
