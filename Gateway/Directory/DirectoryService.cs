using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Directory;

/// <summary>Keeps the directory true: 1. what was known before, 2. what each source says, 3. on disk again.</summary>
internal sealed partial class DirectoryService(
    GatewayOptions options, ReplicaDirectory directory, SnapshotFile file, SourceClient client, TrustedManifests manifests,
    IReplicaObserver observer, TimeProvider clock, ILoggerFactory loggers, ILogger<DirectoryService> log) : BackgroundService
{
    private static readonly TimeSpan HousekeepingInterval = TimeSpan.FromSeconds(1);

    /// <summary>How wrong the age of a snapshot may be after a crash.</summary>
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(30);

    private DateTimeOffset _savedAt;
    private long _savedVersion;

    /// <summary>Before the gateway listens, so that its first answer is as good as its last one was.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // 1.
        ProviderPoller[] pollers = [.. options.Providers.Select(MakePoller)];
        if (file.Load() is { } stored)
        {
            HashSet<string> wanted = [.. pollers.Select(poller => poller.Source)];
            if (options.Silos.Count > 0)
            {
                wanted.Add(SiloFollower.Source);
            }

            directory.Restore(
                stored.Reports.Where(each => wanted.Contains(each.Key)).ToDictionary(each => each.Key, each => each.Value), stored.HeardAt);
            LogRestored(directory.Current.Releases.Count, file.FullPath, stored.HeardAt);
        }

        _savedVersion = directory.Current.Version;
        _pollers = pollers;
        return base.StartAsync(cancellationToken);
    }

    private ProviderPoller[] _pollers = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // 2. and 3. The first that dies takes the gateway down: without it the directory would only seem to be kept.
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] all =
        [
            .. _pollers.Select(poller => poller.RunAsync(stop.Token)), .. options.Silos.Count > 0 ? FollowSilos(stop.Token) : [],
            HousekeepAsync(stop.Token),
        ];
        Task ended = await Task.WhenAny(all);
        await stop.CancelAsync();
        await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Save();
        if (!stoppingToken.IsCancellationRequested)
        {
            await ended;
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

    private Task[] FollowSilos(CancellationToken cancellationToken) =>
    [
        new SiloFollower(options.Silos, client, manifests, directory, observer, clock, loggers.CreateLogger<SiloFollower>())
            .RunAsync(cancellationToken),
        new FleetProber(client, directory, observer, options.PollInterval, clock).RunAsync(cancellationToken),
    ];

    private ProviderPoller MakePoller(Uri url) => new(
        url, client, manifests, directory, observer, options.PollInterval, clock, loggers.CreateLogger<ProviderPoller>());

    [LoggerMessage(5113, LogLevel.Information, "{Releases} releases are known from {Path}, as of {HeardAt}, until a source answers")]
    private partial void LogRestored(int releases, string path, DateTimeOffset heardAt);
}
