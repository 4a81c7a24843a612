using System.Diagnostics;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Fleet;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Silo.Diagnostics;

/// <summary>plasmd's spans: requests that it answers, and in a silo the grain calls that they make.</summary>
internal static class SiloTraces
{
    public const string SourceName = "PhaseMesh.Silo";

    public static ActivitySource Source { get; } = new(SourceName, VersionAction.Version);

    public static IServiceCollection AddProviderTracing(this IServiceCollection services, Func<string, string?> variable) =>
        services.AddTracing(
            new TracingOptions
            {
                Program = "plasmd",
                Version = VersionAction.Version,
                Sources = FleetFeature.IsSupported ? [SourceName, ClusterTraces.SourceName] : [SourceName],
            },
            variable);
}
