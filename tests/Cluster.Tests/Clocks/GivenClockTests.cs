using Microsoft.Extensions.DependencyInjection;
using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Cluster.Hosting;

namespace PhaseMesh.Cluster.Tests.Clocks;

public sealed class GivenClockTests
{
    [Fact]
    public async Task MachinesOwnClock_IsNoJudge_WhoeverGivesIt()
    {
        await using GrainCluster silo = Silo(TimeProvider.System, TimeProvider.System);
        Assert.IsType<StorageClock>(silo.Clock);
    }

    [Fact]
    public async Task ClockThatIsMadeUp_IsTheSilos_TheHostsBeforeTheOptions()
    {
        MadeUp ofHost = new();
        MadeUp ofOptions = new();
        await using GrainCluster first = Silo(ofHost, ofOptions);
        await using GrainCluster second = Silo(TimeProvider.System, ofOptions);
        Assert.Same(ofHost, first.Clock.Time);
        Assert.Same(ofOptions, second.Clock.Time);
    }

    private static GrainCluster Silo(TimeProvider ofHost, TimeProvider ofOptions) => new(
        new GrainClusterOptions { Storage = GrainStorage.InMemory(), TimeProvider = ofOptions },
        new ServiceCollection().AddSingleton(ofHost).BuildServiceProvider());

    private sealed class MadeUp : TimeProvider;
}
