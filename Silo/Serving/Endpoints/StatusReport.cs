using System.Text.Json.Serialization;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>What <c>GET /</c> answers. Times are RFC 3339, sizes bytes.</summary>
internal sealed record StatusReport(
    string Name, string Version, string Node, string State, string Started, long UptimeSeconds, IReadOnlyList<ReleaseReport> Releases, LoadReport Load);

/// <summary>
/// A served release (<c>serving</c>), or files that are not served (<c>waiting</c>: nothing to do; <c>refused</c>: something to do), of which
/// less is known. A channel and architecture can have one of each.
/// </summary>
internal sealed record ReleaseReport(
    string Channel, string Arch, string? Version, long? Release, string? Manifest, string? Expires, IReadOnlyList<string> Signers, string State,
    string? Problem, IReadOnlyList<ArtifactReport> Artifacts);

internal sealed record ArtifactReport(string Kind, string Digest, long Size, string Path, int Chunks);

internal sealed record LoadReport(int Connections, int RequestsInFlight, long BytesSent);

/// <summary>What <c>/readyz</c> and <c>/health</c> answer.</summary>
internal sealed record HealthReport(bool Ready, string State, IReadOnlyList<string> Reasons);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
