using System.Net;
using Microsoft.Extensions.Logging;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Serving;
using PhaseMesh.Silo.Tests.Catalog;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Fleet.Support;

/// <summary>Silos of one cluster in this process, each on a loopback port of its own, and keys to call them with.</summary>
internal sealed class FleetScene : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("phasemesh-silos-");
    private readonly List<ProviderHost> _silos = [];

    private FleetScene(string database) => Database = database;

    public string Database { get; }

    public Ed25519PrivateKey Operator { get; } = Ed25519PrivateKey.Generate();

    public Ed25519PrivateKey Node { get; } = Ed25519PrivateKey.Generate();

    public RememberedLog Log { get; } = new();

    public IReadOnlyList<ProviderHost> Silos => _silos;

    /// <summary>Of the first silo.</summary>
    public FleetCaller As(Ed25519PrivateKey? key, int silo = 0) => new(Url(silo), key);

    public Uri Url(int silo = 0) => new($"http://127.0.0.1:{_silos[silo].BoundPort}/");

    public static async Task<FleetScene> StartAsync(
        FleetStorages storages, string database, int silos = 1, int floodLimit = 100_000, bool openReads = true, TimeSpan? callLimit = null,
        Func<string, string?>? variable = null)
    {
        FleetScene scene = new(await storages.NewAsync(database));
        for (int i = 0; i < silos; i++)
        {
            await scene.AddSiloAsync(floodLimit, openReads, callLimit, variable: variable);
        }

        return scene;
    }

    public static async Task<FleetScene> StartOnAsync(string database, TimeSpan callLimit)
    {
        FleetScene scene = new(database);
        await scene.AddSiloAsync(callLimit: callLimit);
        return scene;
    }

    public async Task AddSiloAsync(int floodLimit = 100_000, bool openReads = true, TimeSpan? callLimit = null, string? artifacts = null,
        Func<string, string?>? variable = null)
    {
        string state = Path.Combine(_root.FullName, $"silo{_silos.Count}");
        ProviderOptions options = new()
        {
            Port = 0,
            Bind = "127.0.0.1",
            ArtifactsDirectory = artifacts ?? state,
            StateDirectory = state,
            Channels = artifacts is null ? [] :
            [
                new ServedChannelOptions
                {
                    Channel = Manifests.Naming.ReleaseChannelName.Parse("stable"),
                    Archs = [Manifests.Naming.MachineArch.X64],
                },
            ],
            Advertisement = new AdvertisementOptions { Dht = false, Mdns = false },
            Catalog = new Silo.Catalog.CatalogOptions
            {
                PollInterval = TimeSpan.FromMilliseconds(50),
                TrustedKeys = [SignedRelease.OperatorKey.PublicKey],
            },
            DrainGracePeriod = TimeSpan.FromSeconds(30),
            Cluster = new ClusterOptions
            {
                Database = Database,
                SiloName = $"silo{_silos.Count}",
                OperatorKeys = [Operator.PublicKey],
                OpenReads = openReads,
                FloodLimit = floodLimit,
                CallLimit = callLimit ?? TimeSpan.FromMinutes(1),
            },
        };
        _silos.Add(await ProviderHost.StartAsync(options, new ProviderSurroundings
        {
            ServiceManager = new NoServiceManager(),
            Variable = variable ?? Environment.GetEnvironmentVariable,
            Logging = logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(Log),
        }, CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ProviderHost silo in _silos)
        {
            await silo.DisposeAsync();
        }

        Operator.Dispose();
        Node.Dispose();
        _root.Delete(recursive: true);
    }
}
