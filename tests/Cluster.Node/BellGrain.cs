using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Node;

/// <summary>Rings by a reminder; says when it begins and ends, by the machine's common clock.</summary>
public interface IBellGrain : IGrainWithStringKey
{
    Task SetAsync(TimeSpan period);
}

public sealed class BellState
{
    public long Rings { get; set; }
}

internal sealed class BellGrain([PersistentState("bell")] IPersistentState<BellState> bell, NodeLines lines) : Grain, IBellGrain, IRemindable
{
    public Task SetAsync(TimeSpan period) => this.RegisterOrUpdateReminder("ring", period, period);

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        string key = this.GetPrimaryKeyString();
        lines.Write($"ring-begin {key} {TimeProvider.System.GetTimestamp()}");
        bell.State.Rings++;
        await bell.WriteStateAsync();
        lines.Write($"ring-end {key} {TimeProvider.System.GetTimestamp()}");
    }
}
