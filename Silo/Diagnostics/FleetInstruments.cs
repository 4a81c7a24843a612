using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using PhaseMesh.Silo.Fleet.Hosting;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Silo.Diagnostics;

/// <summary>
/// How the fleet stands, by any of its silos: the same from each, so queries take the maximum over silos, never the sum. Left out by a silo
/// that is configured with <c>open_reads = false</c>, since everyone may read <c>/metrics</c>.
/// </summary>
internal sealed class FleetInstruments
{
    public const string MeterName = "PhaseMesh.Silo.Fleet";
    public const string FiguresAge = "phase.fleet.figures.age";
    public const string RunningBoots = "phase.fleet.boots.running";
    public const string StuckBoots = "phase.fleet.boots.stuck";
    public const string ReleaseBoots = "phase.fleet.release.boots";
    public const string ReleaseNumber = "phase.fleet.release.number";
    public const string ReleasePercent = "phase.fleet.release.percent";
    public const string ReleaseHalted = "phase.fleet.release.halted";
    public const string ReleaseExpiry = "phase.fleet.release.expiry";
    public const string Providers = "phase.fleet.providers";
    public const string ProviderServing = "phase.fleet.provider.serving";
    public const string ProviderRequests = "phase.fleet.provider.requests.in_flight";
    public const string ProviderRate = "phase.fleet.provider.sending";
    public const string Replicas = "phase.fleet.artifact.replicas";
    public const string ReplicasWanted = "phase.fleet.artifact.replicas.wanted";
    public const string UnderReplicated = "phase.fleet.artifacts.under_replicated";
    public const string Silos = "phase.fleet.silos";

    private readonly Meter _meter;
    private readonly FleetFigures _figures;

    public FleetInstruments(HostMeters host, FleetFigures figures)
    {
        (_meter, _figures) = (host.Create(MeterName), figures);
        _meter.CreateObservableGauge(
            FiguresAge, () => figures.Age is { } age ? (Measurement<double>[])[new(age.TotalSeconds)] : [], "s",
            "Since the figures of the fleet were made");
        Show(RunningBoots, "{boot}", "Boots under way, by the phase they came to", made => made.RunningBoots);
        Show(StuckBoots, "{boot}", "Those of them that are silent for longer than their phase allows", made => made.StuckBoots);
        Show(ReleaseBoots, "{boot}", "Boots of a channel's newest release since its rollout began", made => made.ReleaseBoots);
        Show(ReleaseNumber, null, "The number of a channel's newest release", made => made.ReleaseNumbers);
        Show(ReleasePercent, null, "For how many of 100 machines it is", made => made.ReleasePercents);
        Show(ReleaseHalted, null, "1 once its rollout stopped by itself", made => made.ReleaseHalts);
        Show(ReleaseExpiry, "s", "When it expires, since 1970", made => made.ReleaseExpiries);
        Show(Providers, "{provider}", "Providers that are enrolled", made => made.Providers);
        Show(ProviderServing, null, "1 while it is given clients", made => made.ProviderServing);
        Show(ProviderRequests, "{request}", "What it said it is busy with", made => made.ProviderRequests);
        Show(ProviderRate, "By/s", "What it said it sends", made => made.ProviderRates);
        Show(Replicas, "{replica}", "Live replicas of an artifact that a channel offers", made => made.Replicas);
        Show(ReplicasWanted, "{replica}", "Replicas that it shall have", made => made.ReplicasWanted);
        Show(UnderReplicated, "{artifact}", "Offered artifacts with fewer replicas than wanted", made => made.UnderReplicated);
        Show(Silos, "{silo}", "Silos, those gone for a day left out", made => made.Silos);
    }

    private void Show(string name, string? unit, string help, Func<FleetPicture, ImmutableArray<Measurement<long>>> read) =>
        _meter.CreateObservableGauge(name, () => (IEnumerable<Measurement<long>>)read(_figures.Current), unit, help);
}
