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

    public const string FetchRequests = "libp2p.fetch.requests";
    public const string FetchBytesSent = "libp2p.fetch.bytes.sent";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Opened = Meter.CreateCounter<long>(
        ConnectionsOpened, description: "Connections after their handshake");
    private static readonly Counter<long> Closed = Meter.CreateCounter<long>(ConnectionsClosed, description: "Ended connections by reason");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        ConnectionsRefused, description: "Inbound connections that never came to be, by reason");
    private static readonly Counter<long> Dials = Meter.CreateCounter<long>(
        DialsFailed, description: "Dials without a connection, by reason");
    private static readonly Counter<long> Faults = Meter.CreateCounter<long>(
        StreamFaults, description: "Streams given up for a peer's fault, by reason");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        DhtRequests, description: "DHT requests sent, by type and outcome");
    private static readonly Counter<long> Served = Meter.CreateCounter<long>(
        DhtRequestsServed, description: "DHT requests answered, by type");
    private static readonly Histogram<double> Lookups = Meter.CreateHistogram<double>(DhtLookupSeconds, "s", "Duration of DHT look-ups");

    private static readonly Counter<long> Fetches = Meter.CreateCounter<long>(
        FetchRequests, description: "Fetch requests answered, by outcome");
    private static readonly Counter<long> FetchBytes = Meter.CreateCounter<long>(
        FetchBytesSent, "By", description: "Bytes of content sent to peers that fetched");

    internal static void Open(bool isInbound) =>
        Opened.Add(1, new KeyValuePair<string, object?>("direction", isInbound ? "inbound" : "outbound"));

    internal static void Close(DropReason reason) => Closed.Add(1, Tag(reason));

    internal static void Refuse(DropReason reason) => Refused.Add(1, Tag(reason));

    internal static void DialFailed(DropReason reason) => Dials.Add(1, Tag(reason));

    internal static void StreamFault(DropReason reason) => Faults.Add(1, Tag(reason));

    internal static void DhtRequest(string type, bool isAnswered) =>
        Requests.Add(1, new TagList { { "type", type }, { "outcome", isAnswered ? "answered" : "failed" } });

    internal static void DhtServed(string type) => Served.Add(1, new KeyValuePair<string, object?>("type", type));

    internal static void DhtLookup(string kind, TimeSpan elapsed) =>
        Lookups.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("kind", kind));

    internal static void FetchAnswered(string outcome) => Fetches.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal static void FetchSent(long bytes) => FetchBytes.Add(bytes);

    private static KeyValuePair<string, object?> Tag(DropReason reason) => new("reason", reason.ToString());
}
