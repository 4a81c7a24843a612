using System.Text.Json.Serialization;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>What <c>GET /</c> answers. Times are RFC 3339, sizes bytes.</summary>
internal sealed record StatusReport(
    string Name, string Version, string Node, string PeerId, string State, string Started, long UptimeSeconds,
    IReadOnlyList<ReleaseReport> Releases, LoadReport Load, Libp2pReport? Libp2p);

/// <summary>
/// A served release (<c>serving</c>), or files that are not served (<c>waiting</c>: nothing to do; <c>refused</c>: something to do), of which
/// less is known. A channel and architecture can have one of each.
/// </summary>
internal sealed record ReleaseReport(
    string Channel, string Arch, string? Version, long? Release, string? Manifest, string? Expires, IReadOnlyList<string> Signers, string State,
    string? Problem, IReadOnlyList<ArtifactReport> Artifacts);

internal sealed record ArtifactReport(string Kind, string Digest, long Size, string Path, int Chunks);

internal sealed record LoadReport(int Connections, int RequestsInFlight, long BytesSent);

/// <param name="Addresses">Where others can dial it, each with its peer id, fit for <c>--bootstrap</c>; none in mode private.</param>
/// <param name="Peers">Connected now.</param>
/// <param name="Dht">Its part in the DHT.</param>
internal sealed record Libp2pReport(IReadOnlyList<string> Addresses, int Peers, DhtReport Dht);

/// <param name="RoutingTable">Peers known.</param>
/// <param name="Records">Values kept for the network.</param>
/// <param name="Providers">Announcements kept for the network.</param>
internal sealed record DhtReport(int RoutingTable, int Records, int Providers);

/// <summary>What <c>/readyz</c> and <c>/health</c> answer.</summary>
internal sealed record HealthReport(bool Ready, string State, IReadOnlyList<string> Reasons);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
