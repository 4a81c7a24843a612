using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using PhaseMesh.Gateway.Api;
using PhaseMesh.Gateway.Clients;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Health;
using PhaseMesh.Gateway.Misbehaviours;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Serving;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Connections;
using PhaseMesh.Serving.Hosting;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Gateway.Hosting;

/// <summary>What a gateway finds around it; tests bring their own.</summary>
internal sealed record GatewaySurroundings
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where a changed configuration comes from. Null: it does not change.</summary>
    public ConfigurationSource? Source { get; init; }

    /// <summary>The environment's, for what OpenTelemetry defines.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Null: lines on standard error.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}

/// <summary>The web application: Kestrel without anything that a gateway does not use.</summary>
internal static class GatewayApplication
{
    public static WebApplication Build(GatewayOptions options, GatewaySurroundings surroundings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "phase-gateway" });
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter(RequestTracing.FrameworkCategory, LogLevel.None);
        (surroundings.Logging ?? ServingHost.LogToStandardError)(builder.Logging);
        builder.Services.AddRoutingCore();
        builder.Services.AddLifetimeOfItsOwner();
        builder.Services.AddSingleton(surroundings.Clock);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(new LiveOptions(options));
        builder.Services.AddSingleton<ClientSites>();
        builder.Services.AddSingleton<IClientSites>(provider => provider.GetRequiredService<ClientSites>());
        builder.Services.AddSingleton(provider => new ClientReach(provider.GetRequiredService<ClientSites>(), surroundings.Clock));
        builder.Services.AddSingleton(provider => new ReplicaRedirects(
            provider.GetRequiredService<LiveOptions>(), provider.GetRequiredService<IReplicaRanking>(),
            provider.GetRequiredService<ClientReach>(), Random.Shared.NextDouble));
        builder.Services.AddSingleton<IRedirects>(provider => provider.GetRequiredService<ReplicaRedirects>());
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
        builder.Services.AddGatewayTracing(surroundings.Variable);

        if (surroundings.Source is { } source)
        {
            builder.Services.AddSingleton(source);
            builder.Services.AddSingleton<ConfigurationReloader>();
            builder.Services.AddHostedService(provider => provider.GetRequiredService<ConfigurationReloader>());
        }

        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));

        WebApplication app = builder.Build();
        app.UseRequestTracing(GatewayTraces.Source);
        RequestGauge gauge = app.Services.GetRequiredService<RequestGauge>();
        app.Use(next => context => gauge.RunAsync(context, next));
        app.Use(app.Services.GetRequiredService<ForwardedAddress>().Middleware);
        app.Use(SnapshotAge.Middleware(app.Services.GetRequiredService<ReplicaDirectory>()));
        app.UseRouting();
        app.MapGateway();
        app.Services.GetRequiredService<GatewayInstruments>();
        app.Services.GetRequiredService<ClientInstruments>();
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
        services.AddSingleton<IReplicaRanking>(provider => provider.GetRequiredService<ReplicaPicker>());
        services.AddSingleton<IReplicaObserver>(provider => provider.GetRequiredService<ReplicaPicker>());
        services.AddSingleton<SourceClient>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SnapshotFile>(provider, options.StateDirectory));
        services.AddHostedService<DirectoryService>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ReportQueue>(provider, options.StateDirectory));
        services.AddSingleton<ReportSender>();
        services.AddSingleton<MisbehaviourReporter>();
        services.AddSingleton<IMisbehaviourReporter>(provider => provider.GetRequiredService<MisbehaviourReporter>());
        services.AddHostedService(provider => provider.GetRequiredService<MisbehaviourReporter>());
    }

    private static void Configure(KestrelServerOptions kestrel, GatewayOptions options)
    {
        ServingLimits limits = options.Limits;
        kestrel.Apply(limits);
        kestrel.Listen(ServingHost.EndPointOf(options.Bind, options.Port), listen => listen.UseServing(limits));
        if (options.Certificate is not null)
        {
            kestrel.Listen(ServingHost.EndPointOf(options.Bind, options.TlsPort), listen =>
            {
                listen.UseServing(limits, isTls: true);
                LiveOptions live = listen.ApplicationServices.GetRequiredService<LiveOptions>();
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = limits.HeaderTimeout,
                    OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                    {
                        // The newest one for each connection; those that are open keep theirs.
                        ServerCertificateContext = live.Current.Certificate!.Context,
                        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                        ApplicationProtocols = [SslApplicationProtocol.Http11],
                    }),
                });
            });
        }
    }
}
