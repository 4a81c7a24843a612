using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using PhaseMesh.Gateway.Api;
using PhaseMesh.Gateway.Clients;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Health;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Serving;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Connections;

namespace PhaseMesh.Gateway.Hosting;

/// <summary>What a gateway finds around it; tests bring their own.</summary>
internal sealed record GatewaySurroundings
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where a changed configuration comes from. Null: it does not change.</summary>
    public ConfigurationSource? Source { get; init; }

    /// <summary>Null: lines on standard error.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}

/// <summary>The web application: Kestrel without anything that a gateway does not use.</summary>
internal static class GatewayApplication
{
    public static WebApplication Build(GatewayOptions options, GatewaySurroundings surroundings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "phase-gateway" });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        (surroundings.Logging ?? LogToStandardError)(builder.Logging);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, LifetimeOfItsOwner>();
        builder.Services.AddSingleton(surroundings.Clock);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(new LiveOptions(options));
        builder.Services.AddSingleton<IClientSites, ClientSites>();
        builder.Services.AddSingleton<ForwardedAddress>();
        builder.Services.AddSingleton(options.Limits);
        builder.Services.AddSingleton<LoadCounters>();
        builder.Services.AddSingleton<ConnectionGate>();
        builder.Services.AddSingleton<RequestGauge>();
        AddDirectory(builder.Services, options, surroundings.Clock);
        builder.Services.AddForwarding(options.Forwarding, options.Chunks, options.Admission);
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<SiloProxy>();
        builder.Services.AddSingleton<HealthEndpoint>();
        builder.Services.AddSingleton<StatusEndpoint>();
        builder.Services.AddSingleton<ReleaseEndpoints>();
        builder.Services.AddSingleton<ExplainEndpoint>();
        builder.Services.AddSingleton<AdmissionEndpoint>();
        builder.Services.AddGatewayMetrics();

        if (surroundings.Source is { } source)
        {
            builder.Services.AddSingleton(source);
            builder.Services.AddSingleton<ConfigurationReloader>();
            builder.Services.AddHostedService(provider => provider.GetRequiredService<ConfigurationReloader>());
        }

        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));

        WebApplication app = builder.Build();
        app.Use(next => context => context.RequestServices.GetRequiredService<RequestGauge>().RunAsync(context, next));
        app.Use(app.Services.GetRequiredService<ForwardedAddress>().Middleware);
        app.Use(SnapshotAge.Middleware(app.Services.GetRequiredService<ReplicaDirectory>()));
        app.UseRouting();
        app.MapGateway();
        app.Services.GetRequiredService<GatewayInstruments>();
        return app;
    }

    private static void AddDirectory(IServiceCollection services, GatewayOptions options, TimeProvider clock)
    {
        services.AddSingleton(new TrustedManifests(options.Trust, clock));
        services.AddSingleton<ReplicaDirectory>();
        services.AddSingleton<IReplicaDirectory>(provider => provider.GetRequiredService<ReplicaDirectory>());
        services.AddSingleton(provider => new ReplicaPicker(
            provider.GetRequiredService<IReplicaDirectory>(), clock, (ulong)Random.Shared.NextInt64()));
        services.AddSingleton<IReplicaPicker>(provider => provider.GetRequiredService<ReplicaPicker>());
        services.AddSingleton<IReplicaObserver>(provider => provider.GetRequiredService<ReplicaPicker>());
        services.AddSingleton<SourceClient>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SnapshotFile>(provider, options.StateDirectory));
        services.AddHostedService<DirectoryService>();
    }

    private static void Configure(KestrelServerOptions kestrel, GatewayOptions options)
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
        kestrel.Limits.MinResponseDataRate = new MinDataRate(
            bytesPerSecond: 1024, gracePeriod: limits.SliceTimeout + TimeSpan.FromSeconds(5));

        kestrel.Listen(EndPointOf(options), listen =>
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

    /// <summary>[::] takes IPv4 as well; where there is no IPv6, 0.0.0.0.</summary>
    private static IPEndPoint EndPointOf(GatewayOptions options) => options.Bind switch
    {
        null => new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, options.Port),
        "localhost" => new IPEndPoint(IPAddress.Loopback, options.Port),
        { } address => new IPEndPoint(IPAddress.Parse(address), options.Port),
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

    /// <summary>Signals belong to <see cref="GatewayHost.RunAsync"/>.</summary>
    private sealed class LifetimeOfItsOwner : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
