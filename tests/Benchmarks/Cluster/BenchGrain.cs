using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Benchmarks.Cluster;

public interface IBenchGrain : IGrainWithStringKey
{
    Task WriteAsync(string text);

    [ReadOnly]
    Task<long> ReadAsync();
}

/// <summary>Some 500 bytes, as in the measurement of Orleans.</summary>
public sealed class BenchState
{
    public string Text { get; set; } = "";

    public long Writes { get; set; }

    public DateTimeOffset At { get; set; }
}

internal sealed class BenchGrain([PersistentState("bench")] IPersistentState<BenchState> bench, TimeProvider time) : Grain, IBenchGrain
{
    public Task WriteAsync(string text)
    {
        (bench.State.Text, bench.State.At) = (text, time.GetUtcNow());
        bench.State.Writes++;
        return bench.WriteStateAsync();
    }

    public Task<long> ReadAsync() => Task.FromResult(bench.State.Writes);
}
