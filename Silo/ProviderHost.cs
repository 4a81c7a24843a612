using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Advertising;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Fleet;
using PhaseMesh.Silo.Fleet.Hosting;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Joining;
using PhaseMesh.Silo.Serving;
using PhaseMesh.Silo.Serving.Fetching;

namespace PhaseMesh.Silo;

/// <summary>A running provider.</summary>
public sealed partial class ProviderHost : IAsyncDisposable
{
    /// <summary>For the few connections that are left when the grace period is over to be closed.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(3);

    private readonly WebApplication _app;
    private readonly ProviderOptions _options;
    private readonly Ed25519PrivateKey _nodeKey;
    private readonly IServiceManager _serviceManager;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private MdnsAdvertiser? _advertiser;
    private FleetMember? _member;
    private ITimer? _watchdog;
    private Task? _stopping;

    private ProviderHost(WebApplication app, ProviderOptions options, Ed25519PrivateKey nodeKey, IServiceManager? serviceManager)
    {
        _app = app;
        _options = options;
        _nodeKey = nodeKey;
        _clock = app.Services.GetRequiredService<TimeProvider>();
        _log = app.Services.GetRequiredService<ILogger<ProviderHost>>();
        _serviceManager = serviceManager ?? SystemdServiceManager.FromEnvironment(_log);
    }

    /// <summary>The port that was bound: <see cref="ProviderOptions.Port"/>, or the system's choice if that is 0.</summary>
    public int BoundPort { get; private set; }

    /// <summary>What this node signs with.</summary>
    public Ed25519PublicKey NodeKey => _nodeKey.PublicKey;

    internal ReleaseCatalog Catalog => _app.Services.GetRequiredService<ReleaseCatalog>();

    /// <summary>Null when the configuration wants no libp2p, or its port is taken.</summary>
    internal DhtNode? Dht => _app.Services.GetRequiredService<DhtPresence>().Node;

    internal LoadCounters Load => _app.Services.GetRequiredService<LoadCounters>();

    /// <summary>
    /// Serves until the token is cancelled or the process gets SIGTERM or SIGINT, then drains; a second signal ends the grace period.
    /// </summary>
    /// <returns>0 after a clean stop; 1 when it could not start or the watch over the releases died, after one line on standard error.</returns>
    public static async Task<int> RunAsync(ProviderOptions options, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource hurry = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        try
        {
            await using ProviderHost host = await StartAsync(options, stop.Token);
            Task ended = await Task.WhenAny(host.Catalog.Completion, Task.Delay(Timeout.InfiniteTimeSpan, host._clock, stop.Token));
            await host.StopAsync(hurry.Token);
            if (ended == host.Catalog.Completion)
            {
                await ended; // It never ends well before the stop: this throws why it died.
            }

            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0; // Told to stop while starting.
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException or FormatException or ArgumentException
            or InvalidOperationException || (FleetFeature.IsSupported && SiloServices.IsStartFailure(e)))
        {
            await Console.Error.WriteLineAsync($"plasmd: {e.Message}");
            return 1;
        }

        void OnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true; // The runtime would end the process at once.
            (stop.IsCancellationRequested ? hurry : stop).Cancel();
        }
    }

    /// <summary>Listens from its return on; releases are served as soon as they are verified.</summary>
    /// <exception cref="IOException">The port is taken, or the state directory can't be used.</exception>
    /// <exception cref="FormatException">The node key or <see cref="ProviderOptions.Bind"/> can't be read.</exception>
    public static Task<ProviderHost> StartAsync(ProviderOptions options, CancellationToken cancellationToken = default) =>
        StartAsync(options, new ProviderSurroundings(), cancellationToken);

    internal static async Task<ProviderHost> StartAsync(ProviderOptions options, ProviderSurroundings surroundings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        Ed25519PrivateKey nodeKey = NodeIdentity.LoadOrCreate(options.StateDirectory);
        WebApplication app = ProviderApplication.Build(options, nodeKey, surroundings);
        ProviderHost host = new(app, options, nodeKey, surroundings.ServiceManager);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }

        try
        {
            await host.StartedAsync(surroundings, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Drains: new clients are told to go elsewhere, downloads in flight go on for <see cref="ProviderOptions.DrainGracePeriod"/> at most.
    /// </summary>
    /// <param name="hurry">Ends the grace period.</param>
    public Task StopAsync(CancellationToken hurry = default) => _stopping ??= DrainAsync(hurry);

    public async ValueTask DisposeAsync()
    {
        if (_watchdog is not null)
        {
            await _watchdog.DisposeAsync();
        }

        if (BoundPort != 0)
        {
            await StopAsync();
        }

        await _app.DisposeAsync(); // The catalogue with it.
        _nodeKey.Dispose();
    }

    private async Task StartedAsync(ProviderSurroundings surroundings, CancellationToken cancellationToken)
    {
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        BoundPort = BindingAddress.Parse(address).Port;
        Catalog.Start(_options.Catalog.PollInterval);
        LogListening(address, NodeKey.KeyId, _options.ArtifactsDirectory);
        _advertiser = MdnsAdvertiser.Start(
            _options, new ProviderAnnouncement(NodeKey, (ushort)BoundPort), Catalog, surroundings.Multicast, _clock,
            _app.Services.GetRequiredService<ILogger<MdnsAdvertiser>>());
        await StartDhtAsync(cancellationToken);
        _member = FleetMember.Start(
            _options, ActivatorUtilities.CreateInstance<NodeStanding>(_app.Services, _options, NodeKey, BoundPort), _nodeKey,
            surroundings.FleetHandler, surroundings.Joining, _clock, _app.Services.GetRequiredService<ILogger<FleetMember>>());
        _serviceManager.Notify("READY=1");
        TimeSpan watchdog = _serviceManager.WatchdogInterval ?? Timeout.InfiniteTimeSpan;
        _watchdog = _clock.CreateTimer(_ => _serviceManager.Notify("WATCHDOG=1"), null, watchdog, watchdog);
    }

    private async Task StartDhtAsync(CancellationToken cancellationToken)
    {
        IServiceProvider services = _app.Services;
        ILoggerFactory loggers = services.GetRequiredService<ILoggerFactory>();
        DhtNode? node = await DhtNode.StartAsync(_options, _nodeKey, BoundPort, _clock, loggers, cancellationToken);
        services.GetRequiredService<DhtPresence>().Begin(
            node,
            DhtAdvertiser.Start(_options, node, Catalog, _nodeKey, _clock, loggers.CreateLogger<DhtAdvertiser>()),
            node is null || _options.Mode is not ProviderMode.Internet
                ? null
                : FetchServer.Start(
                    node.Host, services.GetRequiredService<CatalogFetchContent>(),
                    new FetchServerOptions { TimeProvider = _clock, LoggerFactory = loggers }));
    }

    private async Task DrainAsync(CancellationToken hurry)
    {
        _app.Services.GetRequiredService<ProviderLifecycle>().BeginDraining();
        _serviceManager.Notify("STOPPING=1");
        LogDraining(Load.RequestsInFlight, _options.DrainGracePeriod);
        if (_advertiser is not null)
        {
            await _advertiser.DisposeAsync(); // Goodbye before the downloads' end: nobody is to be sent here any more.
        }

        if (_member is not null)
        {
            await _member.LeaveAsync();
            await _member.DisposeAsync();
        }

        DhtPresence presence = _app.Services.GetRequiredService<DhtPresence>();
        await presence.WithdrawAsync();
        try
        {
            await _app.Services.GetRequiredService<RequestGuard>().WhenIdleAsync().WaitAsync(_options.DrainGracePeriod, _clock, hurry);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            LogCutOff(Load.RequestsInFlight);
        }

        using CancellationTokenSource close = new(Load.RequestsInFlight == 0 ? CloseTimeout : TimeSpan.Zero, _clock);
        await _app.StopAsync(close.Token);
        await presence.DisposeAsync();
    }

    [LoggerMessage(1001, LogLevel.Information, "Listening on {Address} as {Node}, serving {ArtifactsDirectory}")]
    private partial void LogListening(string address, string node, string artifactsDirectory);

    [LoggerMessage(1002, LogLevel.Information, "Stopping; {Requests} requests in flight have {Grace} to finish")]
    private partial void LogDraining(int requests, TimeSpan grace);

    [LoggerMessage(1003, LogLevel.Warning, "The grace period is over; {Requests} requests are cut off")]
    private partial void LogCutOff(int requests);
}
