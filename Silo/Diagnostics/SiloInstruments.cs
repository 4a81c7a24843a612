using System.Diagnostics.Metrics;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Health;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Silo.Diagnostics;

/// <summary>The meter of a provider: what its counters hold, read when somebody asks. docs/metrics.md lists names, units, labels.</summary>
internal sealed class SiloInstruments
{
    public const string MeterName = "PhaseMesh.Silo";

    /// <summary>Of gauges whose series come and go.</summary>
    public const string ReleaseMeterName = "PhaseMesh.Silo.Releases";

    public const string Served = "phase.served";
    public const string Connections = "phase.connections";
    public const string RequestsInFlight = "phase.requests.in_flight";
    public const string Answers = "phase.http.answers";
    public const string Ready = "phase.provider.ready";
    public const string Releases = "phase.provider.releases";
    public const string ReleaseNumber = "phase.provider.release.number";
    public const string ReleaseExpiry = "phase.provider.release.expiry";
    public const string Peers = "phase.dht.peers";
    public const string RoutingTable = "phase.dht.routing_table";
    public const string Records = "phase.dht.records";
    public const string ProviderRecords = "phase.dht.provider_records";

    private static readonly int[] StatusClasses = [2, 3, 4, 5];
    private static readonly string[] AllStates = ["serving", "withdrawn", "waiting", "refused"];
    private static readonly KeyValuePair<string, object?> Direct = new("source", "direct");
    private static readonly KeyValuePair<string, object?> Peer = new("source", "peer");

    public SiloInstruments(
        HostMeters host, LoadCounters load, ReleaseCatalog catalog, ProviderLifecycle lifecycle, DhtPresence dht)
    {
        Meter meter = host.Create(MeterName);
        meter.CreateObservableCounter(
            Served,
            () => (Measurement<long>[])
                [new(load.TotalBytesSent - load.BytesSentToPeers, Direct), new(load.BytesSentToPeers, Peer)],
            "By", "Bytes of artifacts sent to clients");
        meter.CreateObservableGauge(Connections, () => load.Connections, "{connection}", "Open connections of clients");
        meter.CreateObservableCounter(
            Answers, () => StatusClasses.Select(status =>
                new Measurement<long>(load.Answers(status), new KeyValuePair<string, object?>("status", $"{status}xx"))),
            "{request}", "Requests answered");
        meter.CreateObservableGauge(RequestsInFlight, () => load.RequestsInFlight, "{request}", "Requests being answered");
        meter.CreateObservableGauge(
            Ready, () => lifecycle.ReasonsNotReady(catalog.Current.Slots).Count == 0 ? 1 : 0, null, "1 while it wants clients, as /readyz");
        Serving(host, meter, catalog);
        Dht(meter, dht);
    }

    private static void Serving(HostMeters host, Meter meter, ReleaseCatalog catalog)
    {
        meter.CreateObservableGauge(
            Releases, () => AllStates.Select(state => new Measurement<int>(
                catalog.Current.Slots.SelectMany(States).Count(other => other == state), new KeyValuePair<string, object?>("state", state))),
            "{release}", "Releases in the directory");
        meter = host.Create(ReleaseMeterName);
        meter.CreateObservableGauge(
            ReleaseNumber, () => Served().Where(slot => slot.Serving!.Manifest.Release is not null)
                .Select(slot => new Measurement<long>(slot.Serving!.Manifest.Release!.Value, Tags(slot))),
            null, "The number of the release that is served");
        meter.CreateObservableGauge(
            ReleaseExpiry, () => Served().Where(slot => slot.Serving!.Manifest.Expires is not null)
                .Select(slot => new Measurement<long>(slot.Serving!.Manifest.Expires!.Value.ToUnixTimeSeconds(), Tags(slot))),
            "s", "When the release that is served expires, since 1970");

        IEnumerable<SlotSnapshot> Served() => catalog.Current.Slots.Where(slot => slot.Serving is not null);
    }

    private static void Dht(Meter meter, DhtPresence dht)
    {
        meter.CreateObservableGauge(Peers, () => Of(node => node.Host.Connections.Count), "{peer}", "Peers connected by libp2p");
        meter.CreateObservableGauge(RoutingTable, () => Of(node => node.Dht.RoutingTableSize), "{peer}", "Peers in the routing table");
        meter.CreateObservableGauge(Records, () => Of(node => node.Dht.StoredRecords), "{record}", "Values kept for the network");
        meter.CreateObservableGauge(
            ProviderRecords, () => Of(node => node.Dht.StoredProviders), "{record}", "Announcements kept for the network");

        IEnumerable<Measurement<int>> Of(Func<DhtNode, int> read) => dht.Node is { } node ? [new(read(node))] : [];
    }

    /// <summary>Both can be: what is served, and a candidate to take its place.</summary>
    private static IEnumerable<string> States(SlotSnapshot slot)
    {
        if (slot.Serving is { } serving)
        {
            yield return serving.WithdrawnBecause is null ? "serving" : "withdrawn";
        }

        if (slot.Candidate is { } candidate)
        {
            yield return candidate.State is CandidateState.Waiting ? "waiting" : "refused";
        }
    }

    private static KeyValuePair<string, object?>[] Tags(SlotSnapshot slot) =>
        [new("channel", slot.Slot.Channel.ToString()), new("arch", slot.Slot.Arch.ToString())];
}
