namespace PhaseMesh.Grains.Tests.ReleaseChannels;

[Collection("Fleet")]
public class RolloutTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Assign_StagedRelease_GivesItToItsShareAndTheSettledOneToTheRest(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(1, "one");
        await lab.Silo.PublishAsync(2, "two", percent: 30);
        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);

        long[] given = await Task.WhenAll(Enumerable.Range(0, 500).Select(async machine =>
            (await channel.AssignAsync($"m{machine}"))!.Release));

        Assert.InRange(given.Count(release => release == 2), 100, 200);
        Assert.All(given, release => Assert.InRange(release, 1, 2));
        Assert.Equal(1, (await channel.AssignAsync(null))!.Release);
        await channel.SetRolloutAsync(new RolloutChange { Percent = 100, Actor = Nodes.Operator });
        Assert.Equal(2, (await channel.AssignAsync(null))!.Release);
        Assert.Equal(2, (await channel.AssignAsync("m1"))!.Release);
    }

    [Theory]
    [OnEachStorage]
    public async Task Pause_NobodyGetsTheNewestUntilItGoesOn(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(1, "one");
        await lab.Silo.PublishAsync(2, "two");
        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);

        await channel.SetRolloutAsync(new RolloutChange { Paused = true, Actor = Nodes.Operator });
        Assert.Equal((1, false), ((await channel.AssignAsync("m"))!.Release, (await channel.AssignAsync("m"))!.IsNewest));

        await channel.SetRolloutAsync(new RolloutChange { Paused = false, Actor = Nodes.Operator });
        Assert.Equal((2, true), ((await channel.AssignAsync("m"))!.Release, (await channel.AssignAsync("m"))!.IsNewest));
    }

    [Fact]
    public async Task Assign_NothingBefore_GivesNothingToTheRest()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);
        Assert.Null(await channel.AssignAsync("m"));

        await lab.Silo.PublishAsync(1, percent: 0);

        Assert.Null(await channel.AssignAsync("m"));
    }

    [Fact]
    public async Task Settled_ReleaseThatNeverReachedEveryone_IsPassedOver()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        await lab.Silo.PublishAsync(1, "one");
        await lab.Silo.PublishAsync(2, "two", percent: 10);
        await lab.Silo.PublishAsync(3, "three", percent: 10);
        ReleaseChannelView channel = (await lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).GetAsync())!;

        Assert.Equal((3, 1), (channel.Current.Release, channel.Settled!.Release));
    }

    [Fact]
    public async Task SetRollout_OutOfBounds_IsRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => channel.SetRolloutAsync(new RolloutChange { Percent = 1 }));
        await lab.Silo.PublishAsync(1);

        foreach (RolloutChange bad in (RolloutChange[])
            [new() { Percent = 101 }, new() { Percent = -1 }, new() { HaltFailureRate = 1.1 }, new() { HaltFailureRate = double.NaN },
                new() { MinimumBoots = 0 }])
        {
            await Nodes.RefusedAsync(FleetRefusals.Invalid, () => channel.SetRolloutAsync(bad));
        }
    }

    [Theory]
    [OnEachStorage]
    public async Task Halt_TooManyBootsFail_ByItself_AndGoesOnWhenTold(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(1, "one");
        await lab.Silo.PublishAsync(2, "two");
        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);
        await channel.SetRolloutAsync(new RolloutChange { HaltFailureRate = 0.5, MinimumBoots = 4, Actor = Nodes.Operator });

        await FailAsync(lab, 1, 3);
        Assert.False((await channel.EvaluateRolloutAsync()).IsHalted);

        await FailAsync(lab, 4, 1);
        RolloutView halted = await channel.EvaluateRolloutAsync();

        Assert.True(halted.IsHalted);
        Assert.Equal((4L, 1.0), (halted.Health!.Failed, halted.Health.FailureRate));
        Assert.Contains("4 of 4", halted.HaltReason);
        Assert.Equal(1, (await channel.AssignAsync("m"))!.Release);

        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await channel.SetRolloutAsync(new RolloutChange { Paused = false, Actor = Nodes.Operator });
        RolloutView on = await channel.EvaluateRolloutAsync();
        Assert.Equal((false, 0L), (on.IsHalted, on.Health!.Finished));
        Assert.Equal(2, (await channel.AssignAsync("m"))!.Release);
    }

    [Fact]
    public async Task Halt_ByHousekeeping_AndTheNextReleaseBeginsFresh()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory", options => options.MinimumBoots = 2);
        await lab.Silo.PublishAsync(1, "one");
        await FailAsync(lab, 1, 2);

        await lab.Silo.SweepAsync();

        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);
        Assert.True((await channel.GetAsync())!.Rollout.IsHalted);
        Assert.Null(await channel.AssignAsync("m"));
        await lab.Silo.PublishAsync(2, "two");
        Assert.Equal(2, (await channel.AssignAsync("m"))!.Release);
        Assert.Null((await channel.GetAsync())!.Settled);
    }

    private static async Task FailAsync(FleetLab lab, int first, int count)
    {
        for (int boot = first; boot < first + count; boot++)
        {
            IBootSessionGrain session = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(boot));
            await session.CreateAsync(Nodes.Creation(boot));
            await session.RecordAsync(Nodes.Id(boot), [Nodes.Event(BootPhase.Failed, lab.Clock.Now)]);
        }
    }
}
