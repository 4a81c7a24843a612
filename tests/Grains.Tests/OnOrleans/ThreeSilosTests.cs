namespace PhaseMesh.Grains.Tests.OnOrleans;

[Collection("Fleet")]
public class ThreeSilosTests(FleetStorages storages)
{
    [Fact]
    public async Task ThreeSilos_OneStops_TheOthersKnowAll()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "postgres");
        FleetSilo second = await lab.AddSiloAsync();
        FleetSilo third = await lab.AddSiloAsync();
        await second.PublishAsync(1);
        for (int number = 0; number < 30; number++)
        {
            await third.Get<IBootSessionGrain>(Nodes.Boot(number)).CreateAsync(Nodes.Creation(number));
        }

        await third.DisposeAsync();

        for (int number = 0; number < 30; number++)
        {
            Assert.Equal(1, (await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(number)).GetAsync())!.Release);
        }

        Assert.Equal(30, (await second.Boots.CountAsync(new BootSessionQuery())).Total);
    }
}
