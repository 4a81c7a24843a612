using System.Diagnostics.Metrics;

namespace PhaseMesh.Telemetry;

/// <summary>
/// Meters of one host, which end with it. Their tag tells a process's hosts apart (tests run several), so that none answers with the figures
/// of another; static meters are the process's and in all of them.
/// </summary>
public sealed class HostMeters : IDisposable
{
    internal const string TagName = "phase.host";

    private readonly List<Meter> _meters = [];

    internal string HostId { get; } = Guid.NewGuid().ToString("N");

    public Meter Create(string name)
    {
        Meter meter = new(new MeterOptions(name) { Tags = [new(TagName, HostId)] });
        lock (_meters)
        {
            _meters.Add(meter);
        }

        return meter;
    }

    public void Dispose()
    {
        lock (_meters)
        {
            _meters.ForEach(meter => meter.Dispose());
            _meters.Clear();
        }
    }

    internal bool Owns(IEnumerable<KeyValuePair<string, object?>>? meterTags) =>
        meterTags?.FirstOrDefault(tag => tag.Key == TagName).Value is not string host || host == HostId;
}
