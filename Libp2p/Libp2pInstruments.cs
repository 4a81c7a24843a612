using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace PhaseMesh.Libp2p;

/// <summary>The meter of this library. Names are part of its surface.</summary>
public static class Libp2pInstruments
{
    public const string MeterName = "PhaseMesh.Libp2p";
    public const string ConnectionsOpened = "libp2p.connections.opened";
    public const string ConnectionsClosed = "libp2p.connections.closed";
    public const string ConnectionsRefused = "libp2p.connections.refused";
    public const string DialsFailed = "libp2p.dials.failed";
    public const string StreamFaults = "libp2p.streams.faults";
    public const string DhtRequests = "libp2p.dht.requests";
    public const string DhtRequestsServed = "libp2p.dht.requests.served";
    public const string DhtLookupSeconds = "libp2p.dht.lookup.duration";
    public const string DhtLookupHops = "libp2p.dht.lookup.hops";
    public const string DhtLookupRequests = "libp2p.dht.lookup.requests";

    public const string FetchRequests = "libp2p.fetch.requests";
    public const string FetchBytesSent = "libp2p.fetch.bytes.sent";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Opened = Meter.CreateCounter<long>(
        ConnectionsOpened, "{connection}", "Connections after their handshake");
    private static readonly Counter<long> Closed = Meter.CreateCounter<long>(ConnectionsClosed, "{connection}", "Connections that ended");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        ConnectionsRefused, "{connection}", "Inbound connections that never came to be");
    private static readonly Counter<long> Dials = Meter.CreateCounter<long>(DialsFailed, "{dial}", "Dials without a connection");
    private static readonly Counter<long> Faults = Meter.CreateCounter<long>(
        StreamFaults, "{stream}", "Streams given up for a peer's fault");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(DhtRequests, "{request}", "DHT requests sent");
    private static readonly Counter<long> Served = Meter.CreateCounter<long>(DhtRequestsServed, "{request}", "DHT requests answered");
    private static readonly Histogram<double> Lookups = Meter.CreateHistogram(
        DhtLookupSeconds, "s", "Time of DHT look-ups", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });
    private static readonly Histogram<int> Hops = Meter.CreateHistogram(
        DhtLookupHops, "{hop}", "Peers one after the other that a look-up asked", null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [0, 1, 2, 3, 4, 5, 6, 8, 10, 15] });
    private static readonly Histogram<int> Asked = Meter.CreateHistogram(
        DhtLookupRequests, "{request}", "Peers that a look-up asked", null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [0, 1, 2, 5, 10, 20, 30, 50, 100] });

    private static readonly Counter<long> Fetches = Meter.CreateCounter<long>(FetchRequests, "{request}", "Fetch requests answered");
    private static readonly Counter<long> FetchBytes = Meter.CreateCounter<long>(
        FetchBytesSent, "By", "Bytes of content sent to peers that fetched");

    internal static void Open(bool isInbound) =>
        Opened.Add(1, new KeyValuePair<string, object?>("direction", isInbound ? "inbound" : "outbound"));

    internal static void Close(DropReason reason) => Closed.Add(1, Tag(reason));

    internal static void Refuse(DropReason reason) => Refused.Add(1, Tag(reason));

    internal static void DialFailed(DropReason reason) => Dials.Add(1, Tag(reason));

    internal static void StreamFault(DropReason reason) => Faults.Add(1, Tag(reason));

    internal static void DhtRequest(string type, bool isAnswered) =>
        Requests.Add(1, new TagList { { "type", type }, { "outcome", isAnswered ? "answered" : "failed" } });

    internal static void DhtServed(string type) => Served.Add(1, new KeyValuePair<string, object?>("type", type));

    internal static void DhtLookup(string kind, TimeSpan elapsed, int requests, int hops)
    {
        KeyValuePair<string, object?> tag = new("kind", kind);
        Lookups.Record(elapsed.TotalSeconds, tag);
        Asked.Record(requests, tag);
        Hops.Record(hops, tag);
    }

    internal static void FetchAnswered(string outcome) => Fetches.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal static void FetchSent(long bytes) => FetchBytes.Add(bytes);

    private static KeyValuePair<string, object?> Tag(DropReason reason) => new("reason", reason.ToString());
}
