using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using PhaseMesh.Telemetry.Prometheus;

namespace PhaseMesh.Telemetry;

public static class MetricsServices
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Needs a <see cref="TimeProvider"/>; an <see cref="IScrapeFigures"/> may be there too.</summary>
    public static IServiceCollection AddMetricsPipeline(this IServiceCollection services, MetricsOptions options) => services
        .AddSingleton(options)
        .AddSingleton<HostMeters>()
        .AddSingleton<MetricsPipeline>()
        .AddSingleton<MetricsEndpoint>()
        .AddSingleton<ProcessInstruments>();

    /// <summary>From here on it measures.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<ProcessInstruments>();
        routes.MapMethods("/metrics", Methods, routes.ServiceProvider.GetRequiredService<MetricsEndpoint>().GetAsync);
    }
}
