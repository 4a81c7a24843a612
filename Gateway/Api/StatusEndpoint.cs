using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Health;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving;

namespace PhaseMesh.Gateway.Api;

/// <summary><c>GET /</c>: what is served and from whom; the fields that a provider's status has too mean the same.</summary>
internal sealed class StatusEndpoint(
    ReplicaDirectory directory, RequestGauge requests, LoadCounters load, AdmissionControl admission, TimeProvider clock)
{
    private static readonly string Version =
        typeof(StatusEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    private readonly DateTimeOffset _started = clock.GetUtcNow();

    public Task GetAsync(HttpContext context)
    {
        DirectorySnapshot current = directory.Current;
        HashSet<(ReleaseChannelName, MachineArch)> seen = [];
        AdmissionReport admitted = admission.Report();
        GatewayStatus report = new(
            "phase-gateway", Version, requests.IsDraining ? "draining" : current.Releases.Count > 0 ? "serving" : "starting",
            Rfc3339(_started), (long)(clock.GetUtcNow() - _started).TotalSeconds,
            [.. current.Releases.Select(release => Describe(release.Manifest, seen.Add((release.Channel, release.Arch))))],
            [.. current.Replicas.Values.SelectMany(replicas => replicas).DistinctBy(replica => replica.ProviderId)
                .OrderBy(replica => replica.ProviderId, StringComparer.Ordinal)
                .Select(replica => new StatusProvider(
                    replica.ProviderId, replica.BaseUrl.ToString(), replica.Site.Site, replica.Site.Rack, replica.Weight,
                    replica.IsHealthy))],
            new StatusLoad(load.Connections, load.RequestsInFlight, load.TotalBytesSent),
            new StatusAdmission(admitted.Active, admitted.Slow, admitted.Waiting, admitted.Refused),
            directory.Age is { } age ? SnapshotAge.Seconds(age) : 0);
        return HealthEndpoint.WriteAsync(
            context, StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(report, StatusJson.Default.GatewayStatus));
    }

    private static StatusRelease Describe(BootManifest manifest, bool isCurrent) => new(
        manifest.Channel.ToString(), manifest.Arch.ToString(), manifest.Version, manifest.Release, manifest.Digest.ToString(),
        manifest.Expires is { } expires ? Rfc3339(expires) : null, isCurrent ? "serving" : "replaced",
        [.. manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind).Select(artifact => new StatusArtifact(
            artifact.Kind.Name(), artifact.Digest.ToString(), artifact.SizeBytes, artifact.Path, artifact.Chunks?.Count ?? 0))]);

    private static string Rfc3339(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <param name="SnapshotAgeSeconds">Since a source last answered; 0 while one does.</param>
internal sealed record GatewayStatus(
    string Name, string Version, string State, string Started, long UptimeSeconds, IReadOnlyList<StatusRelease> Releases,
    IReadOnlyList<StatusProvider> Providers, StatusLoad Load, StatusAdmission Admission, long SnapshotAgeSeconds);

/// <param name="State"><c>serving</c>, or <c>replaced</c>: known by digest for a while.</param>
internal sealed record StatusRelease(
    string Channel, string Arch, string Version, long? Release, string Manifest, string? Expires, string State,
    IReadOnlyList<StatusArtifact> Artifacts);

internal sealed record StatusArtifact(string Kind, string Digest, long Size, string Path, int Chunks);

internal sealed record StatusProvider(string Id, string Url, string? Site, string? Rack, double Weight, bool Healthy);

/// <summary>Downloads now; refused since the start. <c>/v1/admission</c> says more.</summary>
internal sealed record StatusAdmission(int Active, int Slow, int Waiting, long Refused);

internal sealed record StatusLoad(int Connections, int RequestsInFlight, long BytesSent);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(GatewayStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
