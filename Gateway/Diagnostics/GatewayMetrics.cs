using System.Reflection;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Gateway.Diagnostics;

internal static class GatewayMetrics
{
    /// <summary>What <c>/metrics</c> shows of a gateway; docs/metrics.md lists it.</summary>
    public static IServiceCollection AddGatewayMetrics(this IServiceCollection services) => services
        .AddMetricsPipeline(new MetricsOptions
        {
            Program = "phase-gateway",
            Version = typeof(GatewayMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
                ?? "0.0.0",
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
