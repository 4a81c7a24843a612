using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Diagnostics;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Silo.Fleet.Hosting;

/// <summary>
/// Asks the indexes how the fleet stands: at most once in <see cref="KeptFor"/> whoever scrapes, and not at all while nobody does. Each silo
/// says the same, as of its own last asking. While the database is away the last figures stand for <see cref="StaleAfter"/>, then none.
/// </summary>
internal sealed partial class FleetFigures(
    IBootSessionIndex boots, IProviderIndex providers, IArtifactIndex artifacts, IReleaseChannelIndex channels, GrainCluster cluster,
    TimeProvider clock, ILogger<FleetFigures> log) : IScrapeFigures, IAsyncDisposable
{
    public const int MaxProviders = 4000;
    public const int MaxArtifacts = 1000;
    public const int MaxChannels = 200;

    private const int PageSize = 1000;

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task? _making;
    private Kept? _kept;
    private bool _isDisposed;

    public static TimeSpan KeptFor { get; } = TimeSpan.FromSeconds(5);

    public static TimeSpan StaleAfter { get; } = TimeSpan.FromMinutes(1);

    /// <summary>What is known now; asking begins to renew it, so that figures that are pushed are renewed too.</summary>
    public FleetPicture Current
    {
        get
        {
            _ = Renew();
            return Volatile.Read(ref _kept) is { } kept && clock.GetElapsedTime(kept.Timestamp) < StaleAfter ? kept.Picture : FleetPicture.Empty;
        }
    }

    /// <summary>Of what <see cref="Current"/> would have; null: never made.</summary>
    public TimeSpan? Age => Volatile.Read(ref _kept) is { } kept ? clock.GetElapsedTime(kept.Timestamp) : null;

    public async Task RefreshAsync(CancellationToken cancellationToken) =>
        await Renew().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>May come twice, once for each type it is registered by.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? making;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _stopping.Cancel();
            making = _making;
        }

        await (making ?? Task.CompletedTask);
        _stopping.Dispose();
    }

    /// <returns>The making under way, or one that is done.</returns>
    private Task Renew()
    {
        lock (_gate)
        {
            bool isFresh = _kept is { } kept && clock.GetElapsedTime(kept.Timestamp) < KeptFor;
            return isFresh || _isDisposed ? Task.CompletedTask
                : _making is { IsCompleted: false } ? _making
                : _making = Task.Run(() => MakeAsync(_stopping.Token));
        }
    }

    private async Task MakeAsync(CancellationToken stopping)
    {
        try
        {
            long timestamp = clock.GetTimestamp();
            FleetPicture made = await BootsAsync(FleetPicture.Empty, stopping);
            made = await ReleasesAsync(made, stopping);
            made = await ProvidersAsync(made, stopping);
            made = await ArtifactsAsync(made, stopping);
            IReadOnlyList<SiloEntry> silos = await cluster.Membership.ListAsync(stopping);
            made = made with { Silos = Counted("status", Enum.GetValues<SiloStatus>(), status => silos.Count(silo => silo.Status == status)) };
            Volatile.Write(ref _kept, new Kept(made, timestamp));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
        catch (Exception exception)
        {
            // Whatever it was, the silo goes on; the figures' age tells.
            LogNotMade(exception.Message);
        }
    }

    private async Task<FleetPicture> BootsAsync(FleetPicture made, CancellationToken stopping)
    {
        BootCounts running = await boots.CountAsync(new BootSessionQuery { Outcome = BootOutcome.Running }, stopping);
        BootCounts stuck = await boots.CountAsync(new BootSessionQuery { Outcome = BootOutcome.Running, IsStuck = true }, stopping);
        BootPhase[] phases = [.. Enum.GetValues<BootPhase>().Where(phase => phase < BootPhase.Joined)];
        return made with
        {
            RunningBoots = Counted("phase", phases, phase => running.ByPhase.GetValueOrDefault(phase)),
            StuckBoots = Counted("phase", phases, phase => stuck.ByPhase.GetValueOrDefault(phase)),
        };
    }

    private async Task<FleetPicture> ReleasesAsync(FleetPicture made, CancellationToken stopping)
    {
        List<Measurement<long>> counts = [];
        List<(ReleaseChannelView Channel, KeyValuePair<string, object?>[] Tags)> known = [];
        FleetPage<ReleaseChannelView> page = await channels.ListAsync(MaxChannels, null, stopping);
        foreach (ReleaseChannelView channel in page.Items)
        {
            KeyValuePair<string, object?>[] tags = [new("channel", channel.Channel), new("arch", channel.Arch)];
            known.Add((channel, tags));
            ReleaseHealth health = await boots.GetHealthAsync(
                new ReleaseChannelKey(ReleaseChannelName.Parse(channel.Channel), MachineArch.Parse(channel.Arch)), channel.Current.Release, channel.Rollout.CountedFrom, stopping);
            (string Outcome, long Count)[] outcomes =
                [("running", health.Running), ("joined", health.Joined), ("failed", health.Failed), ("lost", health.Lost)];
            counts.AddRange(outcomes.Select(one => new Measurement<long>(one.Count, [.. tags, new("outcome", one.Outcome)])));
        }

        return made with
        {
            ReleaseBoots = [.. counts],
            ReleaseNumbers = [.. known.Select(one => new Measurement<long>(one.Channel.Current.Release, one.Tags))],
            ReleasePercents = [.. known.Select(one => new Measurement<long>(one.Channel.Rollout.Percent, one.Tags))],
            ReleaseHalts = [.. known.Select(one => new Measurement<long>(one.Channel.Rollout.IsHalted ? 1 : 0, one.Tags))],
            ReleaseExpiries = [.. known.Where(one => one.Channel.Current.Expires is not null)
                .Select(one => new Measurement<long>(one.Channel.Current.Expires!.Value.ToUnixTimeSeconds(), one.Tags))],
        };
    }

    private async Task<FleetPicture> ProvidersAsync(FleetPicture made, CancellationToken stopping)
    {
        List<(ProviderView View, KeyValuePair<string, object?> Tag)> known = [];
        string? after = null;
        do
        {
            FleetPage<ProviderView> page = await providers.ListAsync(new ProviderQuery(), PageSize, after, stopping);
            known.AddRange(page.Items.Where(provider => provider.State is not ProviderState.Gone)
                .Select(provider => (provider, new KeyValuePair<string, object?>("provider", FleetLabels.OfProvider(provider.Key)))));
            after = page.Next;
        }
        while (after is not null && known.Count < MaxProviders);
        IReadOnlyDictionary<ProviderState, long> counts = await providers.CountByStateAsync(stopping);
        return made with
        {
            Providers = Counted("state", Enum.GetValues<ProviderState>(), state => counts.GetValueOrDefault(state)),
            ProviderServing = Each(view => view.State is ProviderState.Serving ? 1 : 0),
            ProviderRequests = Each(view => view.Load.RequestsInFlight),
            ProviderRates = Each(view => view.Load.BytesPerSecond),
        };

        ImmutableArray<Measurement<long>> Each(Func<ProviderView, long> read) =>
            [.. known.Take(MaxProviders).Select(one => new Measurement<long>(read(one.View), one.Tag))];
    }

    private async Task<FleetPicture> ArtifactsAsync(FleetPicture made, CancellationToken stopping)
    {
        FleetPage<ArtifactView> page = await artifacts.ListAsync(MaxArtifacts, null, stopping);
        (ArtifactView View, KeyValuePair<string, object?>[] Tags)[] offered = [.. page.Items.Where(artifact => artifact.Channels.Length > 0)
            .Select(artifact => (artifact, FleetLabels.OfArtifact(artifact)))];
        return made with
        {
            Replicas = [.. offered.Select(one => new Measurement<long>(one.View.ReplicasLive ?? 0, one.Tags))],
            ReplicasWanted = [.. offered.Select(one => new Measurement<long>(one.View.ReplicasWanted, one.Tags))],
            UnderReplicated = [new(offered.Count(one => one.View.ReplicasLive < one.View.ReplicasWanted))],
        };
    }

    private static ImmutableArray<Measurement<long>> Counted<T>(string label, T[] values, Func<T, long> count)
        where T : struct, Enum =>
        [.. values.Select(value => new Measurement<long>(
            count(value), new KeyValuePair<string, object?>(label, value.ToString().ToLowerInvariant())))];

    [LoggerMessage(1512, LogLevel.Warning, "The fleet's figures for /metrics could not be made: {Reason}")]
    private partial void LogNotMade(string reason);

    private sealed record Kept(FleetPicture Picture, long Timestamp);
}
