using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Node;

/// <summary>Counts, per writer, writes that come without events.</summary>
public interface ITallyGrain : IGrainWithStringKey
{
    /// <returns>The version that the write made.</returns>
    Task<long> AddAsync(string writer);

    [ReadOnly]
    Task<TallyView> ViewAsync();
}

public sealed record TallyView(long Version, IReadOnlyDictionary<string, long> Counts);

public sealed class TallyState
{
    public Dictionary<string, long> Counts { get; set; } = [];
}

internal sealed class TallyGrain([PersistentState("tally")] IPersistentState<TallyState> tally) : Grain, ITallyGrain
{
    public async Task<long> AddAsync(string writer)
    {
        tally.State.Counts[writer] = tally.State.Counts.GetValueOrDefault(writer) + 1;
        await tally.WriteStateAsync();
        return long.Parse(tally.Etag!);
    }

    public Task<TallyView> ViewAsync() =>
        Task.FromResult(new TallyView(long.Parse(tally.Etag ?? "0"), new Dictionary<string, long>(tally.State.Counts)));
}
