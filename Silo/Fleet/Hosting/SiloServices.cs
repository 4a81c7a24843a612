using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Storage;
using PhaseMesh.Grains.OnCluster;
using PhaseMesh.Silo.Advertising;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Configuration;
using PhaseMesh.Silo.Diagnostics;
using PhaseMesh.Silo.Fleet.Access;
using PhaseMesh.Silo.Fleet.Api;
using PhaseMesh.Silo.Fleet.Traces;
using PhaseMesh.Telemetry;
using GrainOptions = PhaseMesh.Grains.Fleet.FleetOptions;

namespace PhaseMesh.Silo.Fleet.Hosting;

/// <summary>What makes a plasmd a silo. Reached only behind <see cref="FleetFeature.IsSupported"/>.</summary>
internal static class SiloServices
{
    public static void AddSilo(this IServiceCollection services, ProviderOptions options, ClusterOptions cluster)
    {
        // The cluster joins before the housekeeping asks it for a grain, and before the port takes calls.
        services.AddGrainCluster((provider, engine) =>
        {
            engine.Storage = StorageOf(cluster);
            engine.SiloName = cluster.SiloName;
            engine.SiloAddress = options.Port == 0 ? "" : UrlsOf(options, options.Port).FirstOrDefault()?.ToString() ?? "";
            engine.SiloVersion = Commands.VersionAction.Version;
            engine.CallLimit = cluster.CallLimit;
            engine.TimeProvider = provider.GetRequiredService<TimeProvider>();
            engine.AddPhaseMeshGrains();
        });
        services.AddPhaseMeshGrains(new GrainOptions
        {
            OperatorKeys = [.. cluster.OperatorKeys.Select(key => key.KeyId)],
            TrustedKeys = [.. options.Catalog.TrustedKeys.Select(key => key.KeyId)],
        });
        services.AddSingleton(cluster);
        services.AddSingleton(provider => new SourceMeter(cluster.FloodLimit, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ChunkCheck>();
        services.AddSingleton<NonceMemory>();
        services.AddSingleton<FleetGate>();
        services.AddSingleton<FollowerGate>();
        services.AddSingleton<SnapshotKeeper>();
        services.AddSingleton(options);
        services.AddSingleton(new RelayLimits());
        services.AddSingleton<BootSpanRelay>();
        services.AddHostedService(provider => provider.GetRequiredService<BootSpanRelay>());
        services.AddSingleton(provider => new RelayInstruments(
            provider.GetRequiredService<HostMeters>(), provider.GetRequiredService<BootSpanRelay>().Counters));
        if (cluster.OpenReads)
        {
            services.AddSingleton<FleetFigures>();
            services.AddSingleton<IScrapeFigures>(provider => provider.GetRequiredService<FleetFigures>());
            services.AddSingleton<FleetInstruments>();
        }

        services.AddHostedService<SiloProvider>();
        // With these only the API's description is made, and a schema is deeper than what it describes.
        services.ConfigureHttpJsonOptions(json => FleetJson.Configure(json.SerializerOptions).MaxDepth = 0);
        services.AddOpenApi("v1", document => document.AddDocumentTransformer((made, _, _) =>
        {
            made.Info.Title = "PhaseMesh fleet";
            made.Info.Version = "v1";
            made.Info.Description =
                "Release channels, providers and boots of a fleet. Calls that change anything are signed (docs/wire/signed-requests.md).";
            return Task.CompletedTask;
        }));
    }

    public static void UseSilo(this WebApplication app)
    {
        app.Use(app.Services.GetRequiredService<FleetGate>().Wrap);
        app.MapFleet();
        app.Services.GetService<FleetInstruments>();
        app.Services.GetRequiredService<RelayInstruments>();
    }

    /// <summary>Faults that keep a silo from starting and are not this program's.</summary>
    public static bool IsStartFailure(Exception exception) => exception is StorageUnavailableException or InvalidDataException;

    public static IEnumerable<Uri> UrlsOf(ProviderOptions options, int port) =>
        new OwnServers(options.Dht.AnnouncedServers, ListeningScope.Of(options.Bind), port).Urls;

    private static GrainStorage StorageOf(ClusterOptions cluster)
    {
        if (!ClusterDatabase.TryParse(cluster.Database, out ClusterDatabase? database))
        {
            throw new FormatException($"cluster.database: expected {ClusterDatabase.Rule}.");
        }

        if (!database.IsSqlite)
        {
            return GrainStorage.Postgres(database.Value);
        }

        string path = Path.GetFullPath(database.Value);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return GrainStorage.Sqlite(path);
    }
}
