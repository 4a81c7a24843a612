using System.Text.Json.Nodes;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Tests.Support;

namespace PhaseMesh.Cluster.Tests.Engine;

public sealed class UpgradeTests
{
    [Fact]
    public async Task OldState_IsUpgradedInOrder_AndWrittenAsNew()
    {
        await using InMemoryLab lab = new();
        GrainCluster old = await lab.StartSiloAsync("old");
        await old.GetGrain<ICounterGrain>("a").AddAsync(4);
        await old.DisposeAsync();

        GrainCluster newer = await lab.StartSiloAsync("newer", Upgraded);
        Assert.Equal(50, await newer.GetGrain<ICounterGrain>("a").GetAsync());
        Assert.Equal(51, await newer.GetGrain<ICounterGrain>("a").AddAsync(1));
        await newer.DisposeAsync();

        GrainCluster again = await lab.StartSiloAsync("again", Upgraded);
        Assert.Equal(51, await again.GetGrain<ICounterGrain>("a").GetAsync());
        await again.DisposeAsync();

        GrainCluster tooOld = await lab.StartSiloAsync("too old");
        InvalidDataException fault = await Assert.ThrowsAsync<InvalidDataException>(() => tooOld.GetGrain<ICounterGrain>("a").AddAsync(1));
        Assert.Contains("schema version 3, this silo knows 1 to 1", fault.Message);

        static void Upgraded(GrainClusterOptions options) => options
            .AddUpgrade<CounterState>(2, state => Change(state, value => value * 10))
            .AddUpgrade<CounterState>(1, state => Change(state, value => value + 1));

        static JsonObject Change(JsonObject state, Func<long, long> change)
        {
            state["value"] = change((long)state["value"]!);
            return state;
        }
    }

    [Fact]
    public async Task UpgradesWithAGap_AreRefusedAtStart()
    {
        await using InMemoryLab lab = new();
        GrainRuleException fault = await Assert.ThrowsAsync<GrainRuleException>(
            () => lab.StartSiloAsync(configure: options => options.AddUpgrade<CounterState>(2, state => state)));
        Assert.Contains("CounterState", fault.Message);
    }

    [Fact]
    public void Options_ThatBreakTheirRules_AreAllNamed()
    {
        ArgumentException fault = Assert.Throws<ArgumentException>(() => new GrainCluster(new GrainClusterOptions
        {
            SiloName = "",
            CallLimit = TimeSpan.Zero,
            MaxTurnAttempts = 0,
        }));
        Assert.All(["SiloName", "CallLimit", "MaxTurnAttempts", "Storage"], option => Assert.Contains(option, fault.Message));
    }
}
