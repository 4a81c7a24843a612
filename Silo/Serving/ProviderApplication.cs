using Microsoft.AspNetCore.Server.Kestrel.Core;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Serving.Hosting;
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
using PhaseMesh.Telemetry.Tracing;

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

    /// <summary>The environment's, for what OpenTelemetry defines.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Null: lines on standard error.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}

/// <summary>The web application: Kestrel without anything that a provider does not use.</summary>
internal static class ProviderApplication
{
    public static WebApplication Build(ProviderOptions options, Ed25519PrivateKey nodeKey, ProviderSurroundings surroundings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "plasmd" });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter(RequestTracing.FrameworkCategory, LogLevel.None);
        (surroundings.Logging ?? ServingHost.LogToStandardError)(builder.Logging);

        IServiceCollection services = builder.Services;
        services.AddRoutingCore();
        services.AddLifetimeOfItsOwner();
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
        services.AddProviderTracing(surroundings.Variable);
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
        app.UseRequestTracing(SiloTraces.Source);
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
        kestrel.Apply(limits);
        kestrel.Listen(ServingHost.EndPointOf(options.Bind, options.Port), listen => listen.UseServing(limits));
    }
}
