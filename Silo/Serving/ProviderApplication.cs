using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Catalog.Loading;
using PhaseMesh.Silo.Catalog.Stamps;
using PhaseMesh.Silo.Diagnostics;
using PhaseMesh.Silo.Fleet;
using PhaseMesh.Silo.Fleet.Api;
using PhaseMesh.Silo.Fleet.Hosting;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Joining;
using PhaseMesh.Silo.Serving.Endpoints;
using PhaseMesh.Silo.Serving.Fetching;

namespace PhaseMesh.Silo.Serving;

/// <summary>What a provider finds around it; tests bring their own.</summary>
internal sealed record ProviderSurroundings
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public IFileStamps Stamps { get; init; } = FileStamps.ForThisSystem;

    /// <summary>Null: from the environment.</summary>
    public IServiceManager? ServiceManager { get; init; }

    /// <summary>Opens the links to announce on. Null: the machine's own.</summary>
    public Func<IMulticastNetwork>? Multicast { get; init; }

    /// <summary>Carries calls to the fleet. Null: over the network.</summary>
    public HttpMessageHandler? FleetHandler { get; init; }

    public JoiningLimits Joining { get; init; } = new();

    /// <summary>Null: lines on standard error.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}

/// <summary>The web application: Kestrel without anything that a provider does not use.</summary>
internal static class ProviderApplication
{
    public static WebApplication Build(ProviderOptions options, Ed25519PrivateKey nodeKey, ProviderSurroundings surroundings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "plasmd" });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        (surroundings.Logging ?? LogToStandardError)(builder.Logging);

        IServiceCollection services = builder.Services;
        services.AddRoutingCore();
        services.AddSingleton<IHostLifetime, LifetimeOfItsOwner>();
        services.AddSingleton(surroundings.Clock);
        services.AddSingleton(options.Limits);
        services.AddSingleton(options.Catalog);
        services.AddSingleton<LoadCounters>();
        services.AddSingleton<ProviderLifecycle>();
        services.AddSingleton<RequestGuard>();
        services.AddSingleton<ConnectionGate>();
        services.AddSingleton<ArtifactBody>();
        services.AddSingleton<ArtifactResponse>();
        services.AddSingleton<ArtifactEndpoint>();
        services.AddSingleton<ManifestEndpoint>();
        services.AddSingleton<BootScriptEndpoint>();
        services.AddSingleton<HealthEndpoint>();
        services.AddSingleton<CatalogFetchContent>();
        services.AddSingleton<DhtPresence>();
        services.AddProviderMetrics();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<StatusEndpoint>(provider, nodeKey.PublicKey));
        services.AddSingleton(provider => new ReleaseCatalog(
            options.ArtifactsDirectory, ReleaseSlot.From(options.Channels), nodeKey, new ReleaseLedger(options.StateDirectory), options.Catalog,
            surroundings.Stamps, surroundings.Clock, provider.GetRequiredService<ILogger<ReleaseCatalog>>()));

        if (FleetFeature.IsSupported && options.Cluster is { } cluster)
        {
            services.AddSilo(options, cluster);
            services.AddSingleton(typeof(Ed25519PublicKey), nodeKey.PublicKey);
        }

        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));

        WebApplication app = builder.Build();
        app.Use(app.Services.GetRequiredService<RequestGuard>().Wrap);
        app.UseRouting();
        app.MapProvider();
        app.Services.GetRequiredService<SiloInstruments>();
        if (FleetFeature.IsSupported && options.Cluster is not null)
        {
            app.Services.GetRequiredService<RequestGuard>().TakesBodies = FleetRoutes.Prefix;
            app.UseSilo();
        }

        return app;
    }

    private static void Configure(KestrelServerOptions kestrel, ProviderOptions options)
    {
        ServingLimits limits = options.Limits;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.MaxRequestLineSize = limits.MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = limits.MaxHeaderCount;
        kestrel.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
        kestrel.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;

        // For the answers that are no artifacts; those are timed slice by slice (SlowReaderGuard), before this would strike.
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: limits.SliceTimeout + TimeSpan.FromSeconds(5));

        foreach (IPEndPoint endPoint in EndPointsOf(options))
        {
            kestrel.Listen(endPoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                IServiceProvider services = listen.ApplicationServices;
                listen.Use(services.GetRequiredService<ConnectionGate>().Wrap);
                listen.Use(SlowReaderGuard.Middleware(
                    services.GetRequiredService<TimeProvider>(), limits, services.GetRequiredService<ILogger<SlowReaderGuard>>()));
                if (limits.BodyTransport is BodyTransport.Best && SendfileTransport.IsSupported)
                {
                    listen.UseSendfile();
                }
            });
        }
    }

    /// <summary>[::] takes IPv4 as well; where there is no IPv6, 0.0.0.0.</summary>
    private static IEnumerable<IPEndPoint> EndPointsOf(ProviderOptions options) => options.Bind switch
    {
        null => [new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, options.Port)],
        "localhost" => [new IPEndPoint(IPAddress.Loopback, options.Port)],
        _ => [new IPEndPoint(
            IPAddress.TryParse(options.Bind, out IPAddress? address)
                ? address
                : throw new FormatException($"Expected an IP address or localhost to listen on, found '{options.Bind}'."),
            options.Port)],
    };

    private static void LogToStandardError(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    /// <summary>Signals belong to <see cref="ProviderHost.RunAsync"/>.</summary>
    private sealed class LifetimeOfItsOwner : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
