using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Gateway.Health;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Api;

/// <summary><c>GET /v1/route/{digest}?site=</c>: the candidates of a digest, their figures, and why.</summary>
internal sealed class ExplainEndpoint(IReplicaPicker picker)
{
    private const int MaxSiteLength = 256;

    public Task GetAsync(HttpContext context)
    {
        string? text = context.Request.RouteValues["digest"] as string;
        string? site = context.Request.Query["site"] is [{ Length: > 0 and <= MaxSiteLength } given] ? given : null;
        if (!Sha256Digest.TryParse(text, out Sha256Digest digest))
        {
            return Problem.WriteAsync(
                context, StatusCodes.Status400BadRequest, "Bad digest", $"Expected {Sha256Digest.Expected} after /v1/route/.");
        }

        RouteExplanation explanation = picker.Explain(digest, site);
        return explanation.Candidates.Count == 0
            ? Problem.NotFoundAsync(context, $"{digest} is in no release that a provider serves.")
            : HealthEndpoint.WriteAsync(
                context, StatusCodes.Status200OK,
                JsonSerializer.SerializeToUtf8Bytes(
                    new RouteReport(
                        digest.ToString(), explanation.ClientSite, explanation.DirectoryVersion, explanation.ChosenProviderId,
                        explanation.Candidates),
                    RouteJson.Default.RouteReport));
    }
}

internal sealed record RouteReport(
    string Digest, string? ClientSite, long DirectoryVersion, string? ChosenProviderId, IReadOnlyList<RouteCandidate> Candidates);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RouteReport))]
internal sealed partial class RouteJson : JsonSerializerContext;
