using System.Diagnostics.Metrics;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Misbehaviours;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Serving;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Gateway.Diagnostics;

/// <summary>The meter of a gateway: what its counters hold, read when somebody asks. docs/metrics.md lists names, units, labels.</summary>
internal sealed class GatewayInstruments
{
    public const string MeterName = "PhaseMesh.Gateway";
    public const string Served = "phase.served";
    public const string Connections = "phase.connections";
    public const string RequestsInFlight = "phase.requests.in_flight";
    public const string Answers = "phase.http.answers";
    public const string Fetched = "phase.gateway.fetched";
    public const string Verified = "phase.gateway.verified";
    public const string Wasted = "phase.gateway.wasted";
    public const string ChunkUses = "phase.gateway.chunk.uses";
    public const string ChunkEvictions = "phase.gateway.chunk.evictions";
    public const string ChunkMemoryWaits = "phase.gateway.chunk.memory_waits";
    public const string CacheUsed = "phase.gateway.cache.used";
    public const string CacheCapacity = "phase.gateway.cache.capacity";
    public const string DiskWritten = "phase.gateway.disk.written";
    public const string DiskRefused = "phase.gateway.disk.refused";
    public const string UpstreamRequests = "phase.gateway.upstream.requests";
    public const string Faults = "phase.gateway.upstream.faults";
    public const string WrongChunks = "phase.gateway.chunks.wrong";
    public const string Hedges = "phase.gateway.hedges";
    public const string Picks = "phase.gateway.picks";
    public const string SnapshotAge = "phase.gateway.snapshot.age";
    public const string Sources = "phase.gateway.sources.answering";
    public const string Releases = "phase.gateway.releases";
    public const string Providers = "phase.gateway.providers";
    public const string Reports = "phase.gateway.reports";
    public const string ReportsWaiting = "phase.gateway.reports.waiting";

    private static readonly int[] StatusClasses = [2, 3, 4, 5];

    public GatewayInstruments(
        HostMeters host, ChunkCounters chunks, ChunkStore store, LoadCounters load, ReplicaDirectory directory, ReplicaPicker picker,
        ReplicaInstruments replicas, MisbehaviourReporter reporter)
    {
        Meter meter = host.Create(MeterName);
        Load(meter, load);
        Bytes(meter, chunks, store);
        Upstream(meter, chunks, picker);
        meter.CreateObservableGauge(
            SnapshotAge, () => directory.Age?.TotalSeconds ?? 0, "s", "Since a source last answered; 0 while one does");
        meter.CreateObservableGauge(Sources, () => directory.Answering, "{source}", "Providers and silos that answer");
        meter.CreateObservableGauge(Releases, () => directory.Current.Releases.Count, "{release}", "Releases that are served");
        meter.CreateObservableGauge(Providers, replicas.Count, "{provider}", "Providers of those releases");
        meter.CreateObservableCounter(
            Reports,
            Tagged("event", ("queued", () => reporter.Queued), ("taken", () => reporter.Taken), ("refused", () => reporter.Refused)),
            "{report}", "Proofs of wrong bytes for the silos, and what the silos made of them");
        meter.CreateObservableGauge(ReportsWaiting, () => reporter.Waiting, "{report}", "Proofs that wait for a silo to take them");
    }

    private static void Load(Meter meter, LoadCounters load)
    {
        KeyValuePair<string, object?> gateway = new("source", "gateway");
        meter.CreateObservableCounter(
            Served, () => new Measurement<long>(load.TotalBytesSent, gateway), "By", "Bytes of artifacts sent to clients");
        meter.CreateObservableGauge(Connections, () => load.Connections, "{connection}", "Open connections of clients");
        meter.CreateObservableCounter(
            Answers, () => StatusClasses.Select(status =>
                new Measurement<long>(load.Answers(status), new KeyValuePair<string, object?>("status", $"{status}xx"))),
            "{request}", "Requests answered");
        meter.CreateObservableGauge(RequestsInFlight, () => load.RequestsInFlight, "{request}", "Requests being answered");
    }

    private static void Bytes(Meter meter, ChunkCounters chunks, ChunkStore store)
    {
        meter.CreateObservableCounter(
            Fetched, Tagged("source", ("replica", () => chunks.UpstreamBytes), ("cache", () => chunks.DiskReadBytes)), "By",
            "Bytes of artifacts got from elsewhere; what was served beyond came from memory");
        meter.CreateObservableCounter(Verified, () => chunks.VerifiedBytes, "By", "Bytes of chunks from replicas that were right");
        meter.CreateObservableCounter(
            Wasted, Tagged("reason", ("duplicate", () => chunks.DuplicateBytes), ("discarded", () => chunks.DiscardedBytes)), "By",
            "Bytes fetched for nothing: by a hedge and its original, or from a replica that failed or lied");
        meter.CreateObservableCounter(
            ChunkUses,
            Tagged("result", ("hit", () => chunks.Hits), ("shared", () => chunks.SharedFetches), ("miss", () => chunks.Misses)), "{use}",
            "Uses of chunks that were here, on their way, or had to be fetched");
        meter.CreateObservableCounter(ChunkEvictions, () => chunks.Evictions, "{chunk}", "Chunks that left memory for others");
        meter.CreateObservableCounter(ChunkMemoryWaits, () => chunks.ClaimWaits, "{chunk}", "Chunks that had to wait for memory");
        meter.CreateObservableGauge(CacheUsed, () => store.UsedBytes, "By", "Memory of chunks that are here or on their way");
        meter.CreateObservableGauge(CacheCapacity, () => store.CapacityBytes, "By", "Memory that chunks may have");
        meter.CreateObservableCounter(DiskWritten, () => chunks.DiskWrittenBytes, "By", "Bytes written to the cache directory");
        meter.CreateObservableCounter(DiskRefused, () => chunks.DiskRefused, "{chunk}", "Chunks on disk that were not what their name says");
    }

    private static void Upstream(Meter meter, ChunkCounters chunks, ReplicaPicker picker)
    {
        meter.CreateObservableCounter(UpstreamRequests, () => chunks.UpstreamRequests, "{request}", "Requests to replicas");
        meter.CreateObservableCounter(
            Faults, Tagged("kind", Enum.GetValues<ReplicaFault>(), chunks.FaultsOf), "{fault}",
            "Transfers that ended by a replica's fault");
        meter.CreateObservableCounter(WrongChunks, () => chunks.WrongChunks, "{chunk}", "Chunks that did not match their digest");
        meter.CreateObservableCounter(
            Hedges, Tagged("event", ("started", () => chunks.HedgesStarted), ("won", () => chunks.HedgesWon)), "{hedge}",
            "Chunks asked of a second replica because the first was late, and those of them that it brought first");
        meter.CreateObservableCounter(
            Picks, Tagged("choice", Enum.GetValues<PickOutcome>(), outcome => picker.Picks[outcome]), "{pick}",
            "Choices of a replica, by how near it is to the client");
    }

    private static Func<IEnumerable<Measurement<long>>> Tagged(string label, params (string Value, Func<long> Read)[] series)
    {
        (KeyValuePair<string, object?> Tag, Func<long> Read)[] tagged =
            [.. series.Select(one => (new KeyValuePair<string, object?>(label, one.Value), one.Read))];
        return () => tagged.Select(one => new Measurement<long>(one.Read(), one.Tag));
    }

    private static Func<IEnumerable<Measurement<long>>> Tagged<T>(string label, T[] values, Func<T, long> read)
        where T : struct, Enum =>
        Tagged(label, [.. values.Select(value => (MetricLabel.Of(value), (Func<long>)(() => read(value))))]);
}
