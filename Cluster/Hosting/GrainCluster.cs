using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Reminders;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Hosting;

/// <summary>
/// One silo's grains: running from <see cref="StartAsync(CancellationToken)"/> until it is disposed. Inside a host use
/// <c>AddGrainCluster</c>; tests make as many as they like, on one storage, and have a cluster of that many silos.
/// </summary>
public sealed class GrainCluster : IAsyncDisposable
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan TrimPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ClearedRetention = TimeSpan.FromDays(1);
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(2);

    private readonly GrainClusterOptions _options;
    private readonly ClusterLog _log;
    private readonly IReadOnlyList<GrainClass> _classes;
    private readonly GrainEngine _engine;
    private readonly ClusterMembership _membership;
    private readonly EventFeed _feed;
    private readonly ReminderLoop _reminders;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];
    private int _isDisposed;

    /// <summary>Checks the options; nothing runs yet.</summary>
    /// <param name="options">What the silo is given; not to be changed afterwards.</param>
    /// <param name="services">What grains' constructors may ask for.</param>
    /// <exception cref="ArgumentException">Options break their rules; all of them are named.</exception>
    /// <exception cref="GrainRuleException">A grain class breaks a rule.</exception>
    public GrainCluster(GrainClusterOptions options, IServiceProvider? services = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.Run(options);
        _options = options;
        ILoggerFactory? loggers = services?.GetService(typeof(ILoggerFactory)) as ILoggerFactory;
        _log = new ClusterLog(loggers?.CreateLogger("PhaseMesh.Cluster") ?? NullLogger.Instance);
        _classes = [.. options.GrainClasses.Distinct().Select(type => new GrainClass(type, options))];
        if (_classes.GroupBy(grain => grain.Name).FirstOrDefault(group => group.Count() > 1) is { } twins)
        {
            throw new GrainRuleException($"{string.Join(" and ", twins.Select(grain => grain.Type))} would both be stored as "
                + $"{twins.Key}; give one an [Alias].");
        }

        Session = new StorageSession(options.Storage!.Open(options, _log), options, _log);
        Clock = GivenClock.In([services?.GetService(typeof(TimeProvider)) as TimeProvider, options.TimeProvider]) ?? Session.Clock;
        _engine = new GrainEngine(options, _classes, Session, new ClusterServices(this, services), _log);
        _membership = new ClusterMembership(Session, options, _log);
        _feed = new EventFeed(Session, options, _log);
        _reminders = new ReminderLoop(_engine, _log);
    }

    public IGrainFactory GrainFactory => _engine;

    public IClusterMembership Membership => _membership;

    public IEventFeed Events => _feed;

    /// <summary>The storage's clock, unless the host or the options have one that is not the machine's.</summary>
    public IClusterClock Clock { get; }

    /// <summary>Grains in this silo's memory now.</summary>
    public int GrainsInMemory => _engine.GrainsInMemory;

    /// <summary>Whether the storage answers, as far as is known.</summary>
    public bool IsStorageAvailable => Session.Availability.IsUp;

    internal StorageSession Session { get; }

    /// <summary>Makes and starts one.</summary>
    public static async Task<GrainCluster> StartAsync(
        GrainClusterOptions options, IServiceProvider? services = null, CancellationToken cancellationToken = default)
    {
        GrainCluster cluster = new(options, services);
        try
        {
            await cluster.StartAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes or migrates the schema and joins.</summary>
    /// <exception cref="Storage.StorageUnavailableException">The storage doesn't answer within 30 s.</exception>
    /// <exception cref="InvalidDataException">The storage's schema is newer than this silo can work with.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        StorePlan plan = new(_classes.SelectMany(grain => grain.States).ToDictionary(state => state.Kind, state => state.Codec.Fields));
        await StoreStart.RunAsync(Session, plan, _options.TimeProvider, cancellationToken);
        await _membership.JoinAsync(cancellationToken);
        Run("event feed", _feed.FollowAsync);
        Run("membership", token => RepeatAsync("Renewing the silo's lease", _options.SiloLease / 3, _membership.RenewAsync, token));
        Run("reminders", token => RepeatAsync("Looking for due reminders", _options.ReminderPollPeriod, RunRemindersAsync, token));
        Run("sweep", token => RepeatAsync("Letting idle grains leave", SweepPeriod, _ => _engine.SweepAsync(), token));
        Run("trim", token => RepeatAsync("Dropping what is too old", TrimPeriod, TrimAsync, token));
        _log.Started(_membership.Self.ToString()!, Session.Store.Description);
    }

    public TGrainInterface GetGrain<TGrainInterface>(string key)
        where TGrainInterface : IGrainWithStringKey => _engine.GetGrain<TGrainInterface>(key);

    /// <exception cref="ArgumentException"><typeparamref name="TState"/> isn't the state of exactly one registered grain class.</exception>
    public IGrainQuery<TState> Query<TState>()
        where TState : class, new() => new GrainQuery<TState>(this);

    /// <summary>Says goodbye, lets running calls end, and gives everything back. Waits for calls at most their limit.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_membership.Self is { } self && Session.Availability.IsUp)
        {
            using CancellationTokenSource limit = new(LeaveLimit, _options.TimeProvider);
            try
            {
                await _membership.LeaveAsync(limit.Token).WaitAsync(LeaveLimit, _options.TimeProvider);
            }
            catch (Exception exception)
            {
                // Its lease will run out.
                _log.RoundFailed("Saying goodbye", exception.Message);
            }

            _log.Stopped(self.ToString());
        }

        await _engine.DisposeAsync();
        await Session.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>What otherwise happens every few seconds.</summary>
    internal Task SweepAsync() => _engine.SweepAsync();

    internal GrainState StateOf(Type type)
    {
        GrainState[] states = [.. _classes.SelectMany(grain => grain.States).Where(state => state.Codec.Type == type)];
        return states.Length == 1
            ? states[0]
            : throw new ArgumentException($"{type.Name} is the state of {states.Length} registered grain classes; a query needs "
                + $"exactly one.");
    }

    private async Task RunRemindersAsync(CancellationToken cancellationToken)
    {
        bool mayBeMore = true;
        while (mayBeMore)
        {
            mayBeMore = await _reminders.RunDueAsync(cancellationToken);
        }
    }

    private async Task TrimAsync(CancellationToken cancellationToken)
    {
        await _membership.ForgetAsync(cancellationToken);
        await Session.Store.Tables.TrimAsync(_options.EventRetention, _options.MaxEvents, ClearedRetention, cancellationToken);
    }

    private void Run(string name, Func<CancellationToken, Task> loop) => _loops.Add(Task.Run(async () =>
    {
        try
        {
            await loop(_stop.Token);
        }
        catch (Exception exception) when (!_stop.IsCancellationRequested)
        {
            _log.TaskDied(name, exception);
        }
    }));

    /// <summary>A round that fails is logged and comes again; while the storage is away rounds are left out.</summary>
    private async Task RepeatAsync(string what, TimeSpan period, Func<CancellationToken, Task> round, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(period, _options.TimeProvider, cancellationToken);
            try
            {
                if (Session.Availability.IsUp)
                {
                    await round(cancellationToken);
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                _log.RoundFailed(what, exception.Message);
            }
        }
    }
}
