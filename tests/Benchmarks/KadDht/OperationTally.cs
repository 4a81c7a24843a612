using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Benchmarks.KadDht;

/// <summary>Messages and virtual time of one kind of look-up.</summary>
internal sealed class OperationTally(string name)
{
    private readonly List<double> _milliseconds = [];
    private long _messages;
    private int _good;

    public async Task MeasureAsync(SimulatedNetwork network, Func<SimulatedNode, Task<bool>> operation)
    {
        SimulatedNode node = network.Pick();
        long messages = network.Messages;
        TimeSpan start = network.Time.Elapsed;
        _good += await operation(node) ? 1 : 0;
        _milliseconds.Add((network.Time.Elapsed - start).TotalMilliseconds);
        _messages += network.Messages - messages;
    }

    public override string ToString()
    {
        _milliseconds.Sort();
        int count = _milliseconds.Count;
        double p50 = _milliseconds[count / 2];
        double p95 = _milliseconds[count * 95 / 100];
        return $"{name,-12} {(double)_messages / count,6:F0} {p50,7:F0} {p95,7:F0}  {_good}/{count}";
    }
}
