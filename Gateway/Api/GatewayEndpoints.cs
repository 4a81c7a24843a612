using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Health;
using PhaseMesh.Gateway.OperatorConsole;
using PhaseMesh.Serving.Responses;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Gateway.Api;

/// <summary>Which path answers with what: plasmd's paths, and the gateway's own.</summary>
internal static class GatewayEndpoints
{
    private const string SlotPrefix = "/{channel}/{arch}";
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        IServiceProvider services = routes.ServiceProvider;
        ReleaseEndpoints releases = services.GetRequiredService<ReleaseEndpoints>();
        HealthEndpoint health = services.GetRequiredService<HealthEndpoint>();
        routes.MapMethods("/", Methods, services.GetRequiredService<StatusEndpoint>().GetAsync);
        MapBoth("/manifest.json", releases.GetManifestAsync);
        MapBoth("/boot.ipxe", releases.GetBootScriptAsync);
        MapBoth("/phase.cpio", ReleaseEndpoints.GetDirectoryArchiveAsync);
        routes.MapArtifacts();
        routes.MapMethods("/livez", Methods, HealthEndpoint.GetLiveAsync);
        routes.MapMethods("/readyz", Methods, health.GetReadyAsync);
        routes.MapMethods("/health", Methods, health.GetReadyAsync);
        routes.MapMetrics();
        routes.MapConsole();
        routes.MapMethods("/v1/route/{digest}", Methods, services.GetRequiredService<ExplainEndpoint>().GetAsync);
        routes.MapMethods("/v1/admission", Methods, services.GetRequiredService<AdmissionEndpoint>().GetAsync);
        routes.Map("/v1/{**path}", services.GetRequiredService<SiloProxy>().HandleAsync);
        routes.MapFallback("{*path}", OtherwiseAsync);

        void MapBoth(string path, RequestDelegate handler)
        {
            routes.MapMethods(path, Methods, handler);
            routes.MapMethods(SlotPrefix + path, Methods, handler);
        }
    }

    public static Task OtherwiseAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return Problem.NotFoundAsync(context, $"Nothing is served at {request.Path}; GET / lists what is.");
        }

        context.Response.Headers.Allow = "GET, HEAD";
        context.Response.Headers.Connection = "close"; // Cheaper than reading a body that nobody wants.
        return Problem.WriteAsync(
            context, StatusCodes.Status405MethodNotAllowed, "Method not allowed", $"Expected GET or HEAD here, found {request.Method}.");
    }
}
