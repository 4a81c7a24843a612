using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Hosting;

/// <summary>A running gateway.</summary>
internal sealed partial class GatewayHost : IAsyncDisposable
{
    /// <summary>For the few connections that are left when the grace period is over to be closed.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(3);

    private readonly WebApplication _app;
    private readonly LiveOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private Task? _stopping;

    private GatewayHost(WebApplication app, GatewayOptions options)
    {
        (_app, _options) = (app, app.Services.GetRequiredService<LiveOptions>());
        _clock = app.Services.GetRequiredService<TimeProvider>();
        _log = app.Services.GetRequiredService<ILogger<GatewayHost>>();
        string[] addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        BoundPort = BindingAddress.Parse(addresses[0]).Port;
        LogListening(string.Join(" and ", addresses), options.Providers.Count);
    }

    /// <summary>The configured port, or the system's choice if that is 0.</summary>
    public int BoundPort { get; }

    internal IServiceProvider Services => _app.Services;

    internal ReplicaDirectory Directory => _app.Services.GetRequiredService<ReplicaDirectory>();

    /// <summary>Serves until SIGTERM or SIGINT, then drains; a second signal ends the grace period.</summary>
    /// <returns>0 after a clean stop; 1 when it could not start or its directory died, after one line on standard error.</returns>
    public static async Task<int> RunAsync(GatewayOptions options, ConfigurationSource source)
    {
        using CancellationTokenSource stop = new();
        using CancellationTokenSource hurry = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        try
        {
            await using GatewayHost host = await StartAsync(options, new GatewaySurroundings { Source = source }, stop.Token);
            using PosixSignalRegistration reload = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
            {
                signal.Cancel = true;
                host.Services.GetRequiredService<ConfigurationReloader>().Ask();
            });
            IHostApplicationLifetime lifetime = host._app.Lifetime;
            using CancellationTokenSource ending =
                CancellationTokenSource.CreateLinkedTokenSource(stop.Token, lifetime.ApplicationStopping);
            await Task.Delay(Timeout.InfiniteTimeSpan, host._clock, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await host.StopAsync(hurry.Token);
            if (stop.IsCancellationRequested)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync("phase-gateway: The keeper of the directory died; the log says why.");
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0; // Told to stop while starting.
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"phase-gateway: {e.Message}");
            return 1;
        }

        void OnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true; // The runtime would end the process at once.
            (stop.IsCancellationRequested ? hurry : stop).Cancel();
        }
    }

    /// <summary>Listens from its return on, and serves what the snapshot on disk names until a source answers.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<GatewayHost> StartAsync(
        GatewayOptions options, GatewaySurroundings surroundings, CancellationToken cancellationToken = default)
    {
        WebApplication app = GatewayApplication.Build(options, surroundings);
        try
        {
            await app.StartAsync(cancellationToken);
            return new GatewayHost(app, options);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Drains: clients are told to go elsewhere, downloads go on for <see cref="GatewayOptions.DrainGrace"/> at most.</summary>
    /// <param name="hurry">Ends the grace period.</param>
    public Task StopAsync(CancellationToken hurry = default) => _stopping ??= DrainAsync(hurry);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
    }

    private async Task DrainAsync(CancellationToken hurry)
    {
        RequestGauge requests = _app.Services.GetRequiredService<RequestGauge>();
        TimeSpan grace = _options.Current.DrainGrace;
        LogDraining(requests.InFlight, grace);
        try
        {
            await requests.DrainAsync().WaitAsync(grace, _clock, hurry);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            LogCutOff(requests.InFlight);
        }

        using CancellationTokenSource close = new(requests.InFlight == 0 ? CloseTimeout : TimeSpan.Zero, _clock);
        await _app.StopAsync(close.Token);
    }

    [LoggerMessage(5001, LogLevel.Information, "Listening on {Address}, serving from {Providers} providers")]
    private partial void LogListening(string address, int providers);

    [LoggerMessage(5002, LogLevel.Information, "Stopping; {Requests} requests in flight have {Grace} to finish")]
    private partial void LogDraining(int requests, TimeSpan grace);

    [LoggerMessage(5003, LogLevel.Warning, "The grace period is over; {Requests} requests are cut off")]
    private partial void LogCutOff(int requests);
}
