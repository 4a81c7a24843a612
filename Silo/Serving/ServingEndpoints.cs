using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Serving.Endpoints;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Silo.Serving;

/// <summary>Which path answers with what.</summary>
internal static class ServingEndpoints
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void MapProvider(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        ManifestEndpoint manifest = services.GetRequiredService<ManifestEndpoint>();
        ArtifactEndpoint artifacts = services.GetRequiredService<ArtifactEndpoint>();
        HealthEndpoint health = services.GetRequiredService<HealthEndpoint>();
        BootScriptEndpoint boot = services.GetRequiredService<BootScriptEndpoint>();

        MapBoth("/", services.GetRequiredService<StatusEndpoint>().GetAsync);
        MapBoth("/manifest.json", manifest.GetAsync);
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            MapBoth("/" + kind.Name(), context => artifacts.GetNamedAsync(context, kind));
        }

        MapBoth("/health", health.GetReadyAsync);
        MapBoth("/boot.ipxe", boot.GetScriptAsync);
        MapBoth("/phase.cpio", BootScriptEndpoint.GetDirectoryAsync);
        routes.MapMethods("/livez", Methods, HealthEndpoint.GetLiveAsync);
        routes.MapMethods("/readyz", Methods, health.GetReadyAsync);
        routes.MapMetrics();
        routes.MapMethods("/blobs/{digest}", Methods, artifacts.GetBlobAsync);
        routes.MapFallback("{*path}", context => Otherwise(context, artifacts));

        // The path itself, for the default channel and architecture, and the same under each channel and architecture. What only looks
        // like those may be a path that a manifest names.
        void MapBoth(string path, RequestDelegate handler)
        {
            routes.MapMethods(path, Methods, handler);
            routes.MapMethods(SlotRoute.Prefix + path, Methods, context => artifacts.TryGetByManifestPath(context) ?? handler(context));
        }
    }

    private static Task Otherwise(HttpContext context, ArtifactEndpoint artifacts)
    {
        HttpRequest request = context.Request;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return Problem.WriteAsync(
                context, StatusCodes.Status405MethodNotAllowed, "Method not allowed", $"A provider is read-only: GET and HEAD, not {request.Method}.");
        }

        return artifacts.TryGetByManifestPath(context) ?? Problem.NotFoundAsync(
            context, $"Nothing is served at {request.Path}; GET / lists what is.");
    }
}
