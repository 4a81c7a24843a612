using System.Text.Json;
using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Directory;

/// <summary>Asks the providers that silos named for their load, about once a second; what they serve is the silos' word.</summary>
internal sealed class FleetProber(
    SourceClient client, ReplicaDirectory directory, IReplicaObserver observer, TimeSpan interval, TimeProvider clock)
{
    private const int AtOnce = 32;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(interval, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            IReadOnlyList<ProviderReport> providers = directory.Reports.GetValueOrDefault(SiloFollower.Source)?.Providers ?? [];
            await Parallel.ForEachAsync(
                providers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, ProbeAsync);
        }
    }

    private async ValueTask ProbeAsync(ProviderReport provider, CancellationToken cancellationToken)
    {
        try
        {
            long asked = clock.GetTimestamp();
            SourceAnswer answer = await client.GetAsync(provider.BaseUrl, ProviderStatus.MaxBytes, Limit, null, cancellationToken);
            TimeSpan roundTrip = clock.GetElapsedTime(asked);
            ProviderStatus? status = JsonSerializer.Deserialize(answer.Body ?? [], ProviderStatusJson.Default.ProviderStatus);
            observer.ProbeAnswered(provider.ProviderId, (status?.Load?.RequestsInFlight ?? 1) - 1, roundTrip);
        }
        catch (Exception e) when (e is SourceException or JsonException)
        {
            observer.ProbeFailed(provider.ProviderId);
        }
    }
}
