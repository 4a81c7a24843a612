using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>How a node takes part in a DHT. The defaults of k, alpha and record lives are those of the public libp2p network.</summary>
public sealed record KadOptions
{
    /// <summary>Name of the network; /ipfs/kad/1.0.0 is the public one.</summary>
    public string ProtocolId { get; init; } = "/phase/kad/1.0.0";

    /// <summary>A server stores and answers for others; a client only asks, and nobody takes it into a routing table.</summary>
    public bool IsServer { get; init; } = true;

    /// <summary>k: peers per bucket, replicas per record, peers per answer.</summary>
    public int BucketSize { get; init; } = 20;

    /// <summary>alpha: requests of one look-up under way at a time.</summary>
    public int Concurrency { get; init; } = 10;

    /// <summary>Answers with a value after which GET_VALUE stops and lets the selector choose.</summary>
    public int GetQuorum { get; init; } = 3;

    /// <summary>
    /// Rules by namespace: the first segment of keys such as /phase/stable/x86_64/manifest. Keys of other namespaces are refused.
    /// </summary>
    public IReadOnlyDictionary<string, IRecordRules> Namespaces { get; init; } = new Dictionary<string, IRecordRules>();

    /// <summary>Peers to join the network by.</summary>
    public IReadOnlyList<Multiaddr> BootstrapPeers { get; init; } = [];

    /// <summary>One request, from dialling to the answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Silence after which a look-up goes on without a peer at the latest: its place among those asked at a time and among the k nearest
    /// goes to the next. An answer that still comes counts until nobody else is left to ask. See <see cref="Patience"/> for networks that
    /// are much faster or slower than this.
    /// </summary>
    public TimeSpan SlowAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>One look-up with all its requests.</summary>
    public TimeSpan LookupTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence on a stream that a peer keeps open for more requests.</summary>
    public TimeSpan StreamIdleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a value is kept for others.</summary>
    public TimeSpan RecordLife { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How long an announced provider is believed.</summary>
    public TimeSpan ProviderLife { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How often this node's own values and announcements are sent out again.</summary>
    public TimeSpan RepublishInterval { get; init; } = TimeSpan.FromHours(22);

    /// <summary>How often the routing table is filled up and its quiet members are checked.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Values kept for others.</summary>
    public int MaxRecords { get; init; } = 16384;

    /// <summary>Bytes of values kept for others.</summary>
    public long MaxRecordBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Announcements kept for others.</summary>
    public int MaxProviderEntries { get; init; } = 65536;

    /// <summary>Announcements kept of one provider, so that one peer cannot fill the table.</summary>
    public int MaxEntriesPerProvider { get; init; } = 2048;

    /// <summary>Providers kept of one key.</summary>
    public int MaxProvidersPerKey { get; init; } = 128;

    /// <summary>File to keep routing table and records in across restarts; null for none.</summary>
    public string? StateFile { get; init; }

    /// <summary>How often the file is written; it is written at the end as well.</summary>
    public TimeSpan SaveInterval { get; init; } = TimeSpan.FromMinutes(5);

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>What values of one namespace may be, and which of several is the right one.</summary>
public interface IRecordRules
{
    /// <summary>Null for a good value, else why it is refused. Called for values of untrusted peers.</summary>
    string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Index of the best of one or more good values.</summary>
    int SelectBest(ReadOnlySpan<byte> key, IReadOnlyList<ReadOnlyMemory<byte>> values);
}
