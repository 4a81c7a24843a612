using Microsoft.Extensions.DependencyInjection;
using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Grains.Housekeeping;
using PhaseMesh.Grains.OnCluster;

namespace PhaseMesh.Grains.Tests.Support;

/// <summary>A fleet on an empty storage, with as many silos as a test wants and a clock that it moves.</summary>
public sealed class FleetLab : IAsyncDisposable
{
    private readonly Func<GrainStorage> _storage;
    private readonly List<FleetSilo> _silos = [];

    private FleetLab(Func<GrainStorage> storage, FleetOptions options) => (_storage, Options) = (storage, options);

    public ManualClock Clock { get; } = new();

    public FleetOptions Options { get; }

    public FleetSilo Silo => _silos[0];

    public static async Task<FleetLab> StartAsync(FleetStorages storages, string storage, Action<FleetOptions>? configure = null)
    {
        FleetOptions options = new() { TrustedKeys = [Releases.Key.PublicKey.KeyId], OperatorKeys = [Nodes.Operator] };
        configure?.Invoke(options);
        FleetLab lab = new(await storages.NewAsync(storage), options);
        await lab.AddSiloAsync();
        return lab;
    }

    public async Task<FleetSilo> AddSiloAsync()
    {
        FleetSilo silo = await FleetSilo.StartAsync(_storage(), Options, Clock, $"silo{_silos.Count}");
        _silos.Add(silo);
        return silo;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FleetSilo silo in _silos)
        {
            await silo.DisposeAsync();
        }
    }
}

/// <summary>One silo of a <see cref="FleetLab"/>.</summary>
public sealed class FleetSilo : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private FleetSilo(ServiceProvider services) => _services = services;

    public FleetAdmission Admission => _services.GetRequiredService<FleetAdmission>();

    public ReleasePublisher Publisher => _services.GetRequiredService<ReleasePublisher>();

    public IBootSessionIndex Boots => _services.GetRequiredService<IBootSessionIndex>();

    public IBootFeed Feed => _services.GetRequiredService<IBootFeed>();

    public IProviderIndex Providers => _services.GetRequiredService<IProviderIndex>();

    public IArtifactIndex Artifacts => _services.GetRequiredService<IArtifactIndex>();

    public IReleaseChannelIndex Channels => _services.GetRequiredService<IReleaseChannelIndex>();

    public IJoinTokenIndex Tokens => _services.GetRequiredService<IJoinTokenIndex>();

    public INonceIndex Nonces => _services.GetRequiredService<INonceIndex>();

    internal Cluster.Queries.IGrainQuery<TState> Query<TState>()
        where TState : class, new() => _services.GetRequiredService<Cluster.Queries.IGrainQuery<TState>>();

    public IFleetGrain Fleet => Get<IFleetGrain>(IFleetGrain.Key);

    public static async Task<FleetSilo> StartAsync(GrainStorage storage, FleetOptions options, TimeProvider clock, string name)
    {
        ServiceCollection services = new();
        services.AddLogging().AddSingleton(clock).AddPhaseMeshGrains(options).AddGrainCluster(cluster =>
        {
            cluster.Storage = storage;
            cluster.SiloName = name;
            cluster.CallLimit = TimeSpan.FromMinutes(1);
            cluster.VerifyReadOnlyCalls = true;
            cluster.AddPhaseMeshGrains();
        });
        ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<GrainCluster>().StartAsync();
        return new FleetSilo(provider);
    }

    public TGrain Get<TGrain>(string key)
        where TGrain : IGrainWithStringKey => _services.GetRequiredService<IGrainFactory>().GetGrain<TGrain>(key);

    public Task<int> SweepAsync() => Get<IHousekeepingGrain>(IHousekeepingGrain.Key).RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _services.GetRequiredService<GrainCluster>().DisposeAsync();
        await _services.DisposeAsync();
    }
}
