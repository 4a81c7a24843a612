using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Grains;
using PhaseMesh.Libp2p;
using PhaseMesh.Mdns;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Fleet;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Silo.Diagnostics;

internal static class ProviderMetrics
{
    private static readonly string[] OfEveryProvider =
    [
        SiloInstruments.MeterName, Libp2pInstruments.MeterName, MdnsInstruments.MeterName, ProcessInstruments.MeterName,
        ProcessInstruments.RuntimeMeterName,
    ];

    /// <summary>What <c>/metrics</c> shows of a provider; docs/metrics.md lists it.</summary>
    public static IServiceCollection AddProviderMetrics(this IServiceCollection services) => services
        .AddMetricsPipeline(new MetricsOptions
        {
            Program = "plasmd",
            Version = VersionAction.Version,
            Meters = FleetFeature.IsSupported
                ? [.. OfEveryProvider, ClusterInstruments.MeterName, GrainsInstruments.MeterName, RelayInstruments.MeterName]
                : OfEveryProvider,
            PassingMeters = FleetFeature.IsSupported ? [SiloInstruments.ReleaseMeterName, FleetInstruments.MeterName]
                : [SiloInstruments.ReleaseMeterName],
        })
        .AddSingleton<SiloInstruments>();
}
