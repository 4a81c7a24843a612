using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Health;

namespace PhaseMesh.Gateway.Api;

/// <summary><c>GET /v1/admission</c>: who may download now, who waits and why, and where the asker stands.</summary>
internal sealed class AdmissionEndpoint(AdmissionControl admission)
{
    public Task GetAsync(HttpContext context) => HealthEndpoint.WriteAsync(
        context, StatusCodes.Status200OK,
        JsonSerializer.SerializeToUtf8Bytes(
            admission.Report(context.Connection.RemoteIpAddress), AdmissionJson.Default.AdmissionReport));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(AdmissionReport))]
internal sealed partial class AdmissionJson : JsonSerializerContext;
