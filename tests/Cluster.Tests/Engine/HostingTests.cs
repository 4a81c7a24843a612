using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Tests.Support;

namespace PhaseMesh.Cluster.Tests.Engine;

public sealed class HostingTests
{
    [Fact]
    public async Task Host_StartsAndStopsTheSilo_AndGivesItsServices()
    {
        GrainStorage storage = GrainStorage.InMemory();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<TestGates>();
        builder.Services.AddGrainCluster(options => (options.AddGrain<CounterGrain>().Storage, options.SiloName) = (storage, "hosted"));
        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICounterGrain>("a").AddAsync(1);
            Assert.Equal(1, await host.Services.GetRequiredService<IGrainQuery<CounterState>>().CountAsync());
            Assert.NotNull(host.Services.GetRequiredService<IEventFeed>());
            await host.StopAsync();
        }

        await using GrainCluster after = await GrainCluster.StartAsync(new GrainClusterOptions { SiloName = "after", Storage = storage });
        Assert.Equal(
            [("after", SiloStatus.Active), ("hosted", SiloStatus.Left)],
            (await after.Membership.ListAsync()).Select(silo => (silo.Identity.Name, silo.Status)));
    }

    [Fact]
    public async Task Calls_AreCounted()
    {
        long calls = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == ClusterInstruments.MeterName && instrument.Name is ClusterInstruments.Calls)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref calls, count));
        listener.Start();

        await using InMemoryLab lab = new();
        GrainCluster silo = await lab.StartSiloAsync();
        await silo.GetGrain<ICounterGrain>("a").AddAsync(1);
        await silo.GetGrain<ICounterGrain>("a").GetAsync();

        Assert.True(Interlocked.Read(ref calls) >= 2);
    }
}
