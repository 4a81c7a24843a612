using System.Diagnostics.Metrics;
using PhaseMesh.Silo.Fleet.Traces;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Silo.Diagnostics;

/// <summary>What became of boots' spans that this silo passed on to a collector; docs/metrics.md lists names, units, labels.</summary>
internal sealed class RelayInstruments
{
    public const string MeterName = "PhaseMesh.Silo.Relay";
    public const string Relayed = "phase.boot.spans.relayed";
    public const string Dropped = "phase.boot.spans.dropped";

    public RelayInstruments(HostMeters host, RelayCounters counters)
    {
        Meter meter = host.Create(MeterName);
        meter.CreateObservableCounter(Relayed, () => counters.Relayed, "{span}", "Spans of boots that a collector took");
        meter.CreateObservableCounter(
            Dropped,
            () => (Measurement<long>[])
            [
                new(counters.Full, new KeyValuePair<string, object?>("reason", "full")),
                new(counters.Refused, new KeyValuePair<string, object?>("reason", "refused")),
                new(counters.Late, new KeyValuePair<string, object?>("reason", "late")),
            ],
            "{span}", "Spans of boots that were to be relayed and were not");
    }
}
