using System.Text.Json;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Serving.Endpoints;

namespace PhaseMesh.Silo.Health;

/// <summary><c>/livez</c>: the process answers. <c>/readyz</c> and <c>/health</c>: it can serve; under a channel and architecture, it can serve that.</summary>
internal sealed class HealthEndpoint(ReleaseCatalog catalog, ProviderLifecycle lifecycle)
{
    private static readonly byte[] Alive = "{\"alive\":true}\n"u8.ToArray();

    public static Task GetLiveAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, Alive);

    public Task GetReadyAsync(HttpContext context)
    {
        CatalogSnapshot current = catalog.Current;
        IReadOnlyList<SlotSnapshot> slots = current.Slots;
        if (context.Request.RouteValues.Count > 0)
        {
            if (SlotRoute.Find(context, current, out string? problem) is not { } slot)
            {
                return Problem.NotFoundAsync(context, problem!);
            }

            slots = [slot];
        }

        IReadOnlyList<string> reasons = lifecycle.ReasonsNotReady(slots);
        HealthReport report = new(reasons.Count == 0, lifecycle.StateName(current), reasons);
        return WriteAsync(
            context,
            report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
            JsonSerializer.SerializeToUtf8Bytes(report, StatusJson.Default.HealthReport));
    }

    internal static Task WriteAsync(HttpContext context, int status, byte[] json)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(json).AsTask();
    }
}
