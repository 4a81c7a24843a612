using System.Diagnostics.Metrics;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Gateway.Diagnostics;

/// <summary>
/// What a gateway knows of each provider, the label of all of these; a provider that left the directory has no series any more. At most
/// <see cref="MaxProviders"/>, in the order of their ids.
/// </summary>
internal sealed class ReplicaInstruments
{
    public const string MeterName = "PhaseMesh.Gateway.Replicas";
    public const string Healthy = "phase.gateway.replica.healthy";
    public const string Usable = "phase.gateway.replica.usable";
    public const string InFlight = "phase.gateway.replica.in_flight";
    public const string Others = "phase.gateway.replica.others_in_flight";
    public const string Throughput = "phase.gateway.replica.throughput";
    public const string FirstByte = "phase.gateway.replica.first_byte";
    public const string Strikes = "phase.gateway.replica.strikes";

    public const int MaxProviders = 4000;

    private readonly ReplicaDirectory _directory;
    private readonly ReplicaPicker _picker;
    private Seen _seen = new(DirectorySnapshot.Empty, []);

    public ReplicaInstruments(HostMeters host, ReplicaDirectory directory, ReplicaPicker picker)
    {
        (_directory, _picker) = (directory, picker);
        Meter meter = host.Create(MeterName);
        meter.CreateObservableGauge(
            Healthy, () => Measure((provider, _) => provider.Endpoint.IsHealthy ? 1 : 0), null, "1 while its source calls it healthy");
        meter.CreateObservableGauge(
            Usable, () => Measure((provider, state) => IsUsable(provider, state) ? 1 : 0), null,
            "1 while it is healthy, wanted and not cooling down");
        meter.CreateObservableGauge(
            InFlight, () => Measure((_, state) => state?.InFlight ?? 0), "{request}", "Transfers of this gateway");
        meter.CreateObservableGauge(
            Others, () => Measure((_, state) => state?.OthersAt(_picker.Now) ?? 0), "{request}", "Transfers of others, as it last said");
        meter.CreateObservableGauge(
            Throughput, () => Measure((_, state) => state?.Meter.BytesPerSecond is > 0 and double rate ? rate : 0), "By/s",
            "What it is expected to deliver; 0: not measured");
        meter.CreateObservableGauge(
            FirstByte, () => Measure((_, state) => state?.Meter.FirstByteSeconds is > 0 and double seconds ? seconds : 0), "s",
            "Expected time to its first byte; 0: not measured");
        meter.CreateObservableGauge(
            Strikes, () => Measure((_, state) => state?.Faults.Strikes ?? 0), "{fault}", "Faults in a row that it is being avoided for");
    }

    /// <summary>Healthy and other providers.</summary>
    public IEnumerable<Measurement<int>> Count()
    {
        Provider[] providers = Current().Providers;
        int healthy = providers.Count(provider => provider.Endpoint.IsHealthy);
        return [new(healthy, new KeyValuePair<string, object?>("health", "healthy")),
            new(providers.Length - healthy, new KeyValuePair<string, object?>("health", "unhealthy"))];
    }

    private bool IsUsable(Provider provider, ReplicaState? state) =>
        provider.Endpoint is { IsHealthy: true, Weight: > 0 } && !(state?.CoolsUntilSeconds > _picker.Now);

    private IEnumerable<Measurement<double>> Measure(Func<Provider, ReplicaState?, double> read) =>
        Current().Providers.Take(MaxProviders).Select(provider =>
            new Measurement<double>(read(provider, _picker.StateOf(provider.Endpoint.ProviderId)), provider.Tag));

    /// <summary>Made once for each snapshot of the directory.</summary>
    private Seen Current()
    {
        DirectorySnapshot snapshot = _directory.Current;
        Seen seen = Volatile.Read(ref _seen);
        if (!ReferenceEquals(seen.Snapshot, snapshot))
        {
            seen = new Seen(snapshot, [.. snapshot.Replicas.Values.SelectMany(replicas => replicas)
                .DistinctBy(replica => replica.ProviderId)
                .OrderBy(replica => replica.ProviderId, StringComparer.Ordinal)
                .Select(replica => new Provider(replica, new("provider", MetricLabel.OfProvider(replica.ProviderId))))]);
            Volatile.Write(ref _seen, seen);
        }

        return seen;
    }

    private sealed record Provider(ReplicaEndpoint Endpoint, KeyValuePair<string, object?> Tag);

    private sealed record Seen(DirectorySnapshot Snapshot, Provider[] Providers);
}
