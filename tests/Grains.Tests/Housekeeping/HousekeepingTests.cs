using PhaseMesh.Grains.Housekeeping;

namespace PhaseMesh.Grains.Tests.Housekeeping;

[Collection("Fleet")]
public class HousekeepingTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Start_OnEachSiloAgain_IsFine(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = await lab.AddSiloAsync();

        await lab.Silo.Get<IHousekeepingGrain>(IHousekeepingGrain.Key).StartAsync();
        await other.Get<IHousekeepingGrain>(IHousekeepingGrain.Key).StartAsync();
    }

    [Theory]
    [OnEachStorage]
    public async Task Round_WithNothingToDo_TouchesNothing(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.ServeAsync(1);
        await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).CreateAsync(Nodes.Creation(1));

        Assert.Equal(0, await lab.Silo.SweepAsync());
    }

    [Fact]
    public async Task Round_MoreThanItTakes_LeavesTheRestToTheNext()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        for (int number = 0; number < IHousekeepingGrain.MaxPerRound + 5; number++)
        {
            await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(number)).CreateAsync(Nodes.Creation(1));
        }

        lab.Clock.Pass(lab.Options.StuckAfter[BootPhase.Created] + TimeSpan.FromSeconds(1));
        Assert.Equal(IHousekeepingGrain.MaxPerRound, await lab.Silo.SweepAsync());
        Assert.Equal(5, await lab.Silo.SweepAsync());
        Assert.Equal(0, await lab.Silo.SweepAsync());
    }
}
