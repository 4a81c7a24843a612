using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Directory;

/// <summary>Keeps the directory true: 1. what was known before, 2. what each source says, 3. on disk again.</summary>
internal sealed partial class DirectoryService(
    LiveOptions options, ReplicaDirectory directory, SnapshotFile file, SourceClient client, TrustedManifests manifests,
    IReplicaObserver observer, TimeProvider clock, ILoggerFactory loggers, ILogger<DirectoryService> log) : BackgroundService
{
    private static readonly TimeSpan HousekeepingInterval = TimeSpan.FromSeconds(1);

    /// <summary>How wrong the age of a snapshot may be after a crash.</summary>
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(30);

    private readonly SiloFollower _follower = new(
        () => options.Current.Silos, client, manifests, directory, observer, clock, loggers.CreateLogger<SiloFollower>());

    private DateTimeOffset _savedAt;
    private long _savedVersion;

    /// <summary>Before the gateway listens, so that its first answer is as good as its last one was.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // 1.
        if (file.Load() is { } stored)
        {
            HashSet<string> wanted = [.. options.Current.Providers.Select(ProviderPoller.SourceOf)];
            if (options.Current.Silos.Count > 0)
            {
                wanted.Add(SiloFollower.Source);
            }

            directory.Restore(
                stored.Reports.Where(each => wanted.Contains(each.Key)).ToDictionary(each => each.Key, each => each.Value), stored.HeardAt);
            LogRestored(directory.Current.Releases.Count, file.FullPath, stored.HeardAt);
        }

        _savedVersion = directory.Current.Version;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // 2. and 3. The first that dies takes the gateway down: without it the directory would only seem to be kept.
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await using SourceSet<ConfiguredProvider> pollers = new((provider, ending) => MakePoller(provider).RunAsync(ending), stop.Token);
        await using SourceSet<string> followers = new((_, ending) => FollowSilosAsync(ending), stop.Token);
        Task housekeeping = HousekeepAsync(stop.Token);
        Task ended;
        Task changed;
        do
        {
            changed = options.Changed;
            GatewayOptions current = options.Current;
            await FollowAsync(pollers, followers, current);
            ended = await Task.WhenAny([changed, housekeeping, .. pollers.Tasks, .. followers.Tasks]);
        }
        while (ended == changed && !stoppingToken.IsCancellationRequested);

        await stop.CancelAsync();
        await housekeeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Save();
        if (!stoppingToken.IsCancellationRequested)
        {
            await ended;
        }
    }

    private async Task FollowAsync(SourceSet<ConfiguredProvider> pollers, SourceSet<string> followers, GatewayOptions current)
    {
        HashSet<string> staying = [.. current.Providers.Select(ProviderPoller.SourceOf)];
        foreach (ConfiguredProvider gone in await pollers.FollowAsync(current.Providers))
        {
            if (!staying.Contains(ProviderPoller.SourceOf(gone)))
            {
                directory.Forget(ProviderPoller.SourceOf(gone));
            }
        }

        // Another list of silos is another task, by the same follower: what it knows stays known.
        await followers.FollowAsync(current.Silos.Count > 0 ? [string.Join(' ', current.Silos)] : []);
        if (current.Silos.Count == 0)
        {
            _follower.Dismiss();
        }
    }

    private async Task HousekeepAsync(CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(HousekeepingInterval, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            directory.Refresh();
            if (directory.Current.Version != _savedVersion || (directory.Answering > 0 && clock.GetUtcNow() - _savedAt >= SaveInterval))
            {
                Save();
            }
        }
    }

    private void Save()
    {
        long version = directory.Current.Version;
        if (version > 0)
        {
            file.Save(directory.Reports, directory.HeardAt);
            (_savedVersion, _savedAt) = (version, clock.GetUtcNow());
        }
    }

    private async Task FollowSilosAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] both =
        [
            _follower.RunAsync(stop.Token), new FleetProber(client, directory, observer, options.Current.PollInterval, clock).RunAsync(stop.Token),
        ];
        Task ended = await Task.WhenAny(both);
        await stop.CancelAsync();
        await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended;
    }

    private ProviderPoller MakePoller(ConfiguredProvider provider) => new(
        provider, client, manifests, directory, observer, options.Current.PollInterval, clock, loggers.CreateLogger<ProviderPoller>());

    [LoggerMessage(5113, LogLevel.Information, "{Releases} releases are known from {Path}, as of {HeardAt}, until a source answers")]
    private partial void LogRestored(int releases, string path, DateTimeOffset heardAt);
}
