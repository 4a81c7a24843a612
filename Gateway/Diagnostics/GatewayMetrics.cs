using System.Reflection;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Gateway.Diagnostics;

internal static class GatewayMetrics
{
    public const string Program = "phase-gateway";

    public static string Version { get; } =
        typeof(GatewayMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>What <c>/metrics</c> shows of a gateway; docs/metrics.md lists it.</summary>
    public static IServiceCollection AddGatewayMetrics(this IServiceCollection services) => services
        .AddMetricsPipeline(new MetricsOptions
        {
            Program = Program,
            Version = Version,
            Meters =
            [
                GatewayInstruments.MeterName, ClientInstruments.MeterName, ProcessInstruments.MeterName, ProcessInstruments.RuntimeMeterName,
            ],
            PassingMeters = [ReplicaInstruments.MeterName],
        })
        .AddSingleton<ReplicaInstruments>()
        .AddSingleton<ClientInstruments>()
        .AddSingleton<GatewayInstruments>();
}
