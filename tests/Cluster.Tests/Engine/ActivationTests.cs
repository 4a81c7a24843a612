using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Runtime;
using PhaseMesh.Cluster.Tests.Support;
using PhaseMesh.TestKit;

namespace PhaseMesh.Cluster.Tests.Engine;

/// <summary>Coming into memory, ticking there, and leaving.</summary>
public sealed class ActivationTests
{
    [Fact]
    public async Task Grain_ActivatesOnce_TicksInTurns_AndLeavesWhenItAsks()
    {
        await using InMemoryLab lab = new();
        GrainCluster silo = await lab.StartSiloAsync(configure: options => options.AddGrain<LivelyGrain>());
        ILivelyGrain grain = silo.GetGrain<ILivelyGrain>("a");

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => grain.CountAsync()));
        await Eventually.IsAsync(async () => await grain.CountAsync() >= 3);
        await grain.LeaveAsync();
        await lab.Gates.PassedAsync("left a");
        await Eventually.IsAsync(() => silo.GrainsInMemory == 0);

        // It comes back with what it wrote, and activates itself again.
        Assert.True(await grain.CountAsync() >= 3);
        Assert.Equal(2, await grain.ActivationsAsync());
    }

    [Fact]
    public async Task GrainThatFailsToActivate_FailsItsCaller_AndIsTriedAgain()
    {
        await using InMemoryLab lab = new();
        GrainCluster silo = await lab.StartSiloAsync(configure: options => options.AddGrain<LivelyGrain>());
        ILivelyGrain grain = silo.GetGrain<ILivelyGrain>("fails");

        await Assert.ThrowsAsync<InvalidOperationException>(grain.CountAsync);
        Assert.Equal(0, await grain.CountAsync());
    }

    [Fact]
    public async Task IdleGrains_LeaveTheMemory()
    {
        await using InMemoryLab lab = new();
        GrainCluster silo = await lab.StartSiloAsync(configure: options => options.MaxGrainsInMemory = 10);
        for (int i = 0; i < 50; i++)
        {
            await silo.GetGrain<ICounterGrain>($"{i}").AddAsync(1);
        }

        await silo.SweepAsync();
        Assert.InRange(silo.GrainsInMemory, 1, 10);
        Assert.Equal(2, await silo.GetGrain<ICounterGrain>("0").AddAsync(1));
    }

    [Fact]
    public async Task StateOutsideATurn_IsRefused()
    {
        await using InMemoryLab lab = new();
        GrainCluster silo = await lab.StartSiloAsync(configure: options => options.AddGrain<LivelyGrain>());
        await silo.GetGrain<ILivelyGrain>("a").LeaveRunningAsync();
        await lab.Gates.PassedAsync("refused a");
    }
}

public sealed class LivelyState
{
    public int Ticks { get; set; }

    public int Activations { get; set; }
}

public interface ILivelyGrain : IGrainWithStringKey
{
    [ReadOnly]
    Task<int> CountAsync();

    [ReadOnly]
    Task<int> ActivationsAsync();

    Task LeaveAsync();

    Task LeaveRunningAsync();
}

internal sealed class LivelyGrain([PersistentState("life")] IPersistentState<LivelyState> state, TestGates gates) : Grain, ILivelyGrain
{
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() == "fails" && gates.Pass("failed"))
        {
            throw new InvalidOperationException("The first time.");
        }

        if (this.GetPrimaryKeyString() != "fails")
        {
            state.State.Activations++;
            await state.WriteStateAsync(cancellationToken);
            this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions(TimeSpan.Zero, TimeSpan.FromMilliseconds(5)));
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gates.Pass($"left {this.GetPrimaryKeyString()}");
        return Task.CompletedTask;
    }

    public Task<int> CountAsync() => Task.FromResult(state.State.Ticks);

    public Task<int> ActivationsAsync() => Task.FromResult(state.State.Activations);

    public Task LeaveAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task LeaveRunningAsync()
    {
        _ = LateAsync();
        return Task.CompletedTask;

        async Task LateAsync()
        {
            await Eventually.IsAsync(() =>
            {
                try
                {
                    return Task.FromResult(state.State.Ticks < 0);
                }
                catch (GrainRuleException)
                {
                    return Task.FromResult(true);
                }
            });
            gates.Pass($"refused {this.GetPrimaryKeyString()}");
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        state.State.Ticks++;
        await state.WriteStateAsync(cancellationToken);
    }
}
