using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Hosting;

namespace PhaseMesh.Gateway.Health;

/// <summary>
/// <c>/livez</c>: the process answers. <c>/readyz</c>: it knows a release and isn't draining. Old knowledge does not make it unready:
/// signed bytes stay right, and cached ones are served even when no replica is left.
/// </summary>
internal sealed class HealthEndpoint(ReplicaDirectory directory, RequestGauge requests)
{
    private static readonly byte[] Alive = "{\"alive\":true}\n"u8.ToArray();

    public static Task GetLiveAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, Alive);

    public Task GetReadyAsync(HttpContext context)
    {
        DirectorySnapshot current = directory.Current;
        TimeSpan? age = directory.Age;
        List<string> reasons = [];
        if (requests.IsDraining)
        {
            reasons.Add("The gateway is shutting down.");
        }

        if (current.Releases.Count == 0)
        {
            reasons.Add("No release is known: no source has named one that a trusted key signed.");
        }

        ReadinessReport report = new(
            reasons.Count == 0, requests.IsDraining ? "draining" : reasons.Count == 0 ? "serving" : "starting", reasons,
            new SnapshotReport(
                current.Version, age is null ? 0 : SnapshotAge.Seconds(age.Value), directory.Answering, current.Releases.Count));
        return WriteAsync(
            context, report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
            JsonSerializer.SerializeToUtf8Bytes(report, HealthJson.Default.ReadinessReport));
    }

    public static Task WriteAsync(HttpContext context, int status, byte[] json)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(json).AsTask();
    }
}

internal sealed record ReadinessReport(bool Ready, string State, IReadOnlyList<string> Reasons, SnapshotReport Snapshot);

/// <param name="AgeSeconds">Since a source last answered; 0 while one does.</param>
/// <param name="SourcesAnswering">Providers and silos that answer now.</param>
internal sealed record SnapshotReport(long Version, long AgeSeconds, int SourcesAnswering, int Releases);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ReadinessReport))]
internal sealed partial class HealthJson : JsonSerializerContext;
