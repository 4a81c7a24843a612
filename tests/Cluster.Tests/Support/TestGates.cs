using System.Collections.Concurrent;

namespace PhaseMesh.Cluster.Tests.Support;

/// <summary>Named points that grains wait at and tests let them pass, or the other way round.</summary>
internal sealed class TestGates
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = [];
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _arrivals = [];

    public Task WaitAsync(string name)
    {
        Signal(_arrivals, name).TrySetResult();
        return Signal(_gates, name).Task;
    }

    public Task ArrivalAsync(string name) => Signal(_arrivals, name).Task.WaitAsync(TimeSpan.FromMinutes(1));

    /// <returns>False where it was passed before.</returns>
    public bool Pass(string name) => Signal(_gates, name).TrySetResult();

    public Task PassedAsync(string name) => Signal(_gates, name).Task.WaitAsync(TimeSpan.FromMinutes(1));

    private static TaskCompletionSource Signal(ConcurrentDictionary<string, TaskCompletionSource> signals, string name) =>
        signals.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
