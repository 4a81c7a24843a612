using Microsoft.Extensions.DependencyInjection;
using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Reads;
using PhaseMesh.Grains.Housekeeping;
using PhaseMesh.Grains.OnCluster;

namespace PhaseMesh.Grains.Tests.Support;

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

    public IFleetGrain Fleet => Get<IFleetGrain>(IFleetGrain.Key);

    public static async Task<FleetSilo> StartAsync(FleetStorage storage, FleetOptions options, TimeProvider clock, string name)
    {
        ServiceCollection services = new();
        services.AddLogging().AddSingleton(clock).AddPhaseMeshGrains(options).AddGrainCluster(cluster =>
        {
            cluster.Storage = storage.Value;
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

    /// <summary>What is stored of one kind.</summary>
    internal async Task<IReadOnlyList<TState>> StatesAsync<TState>()
        where TState : class, new() =>
        [.. (await _services.GetRequiredService<IGrainQuery<TState>>().ListAsync()).Rows.Select(row => row.State)];

    /// <summary>Reads within it see every write acknowledged anywhere before.</summary>
    public static IDisposable Newest() => GrainReads.Newest();

    public async ValueTask DisposeAsync()
    {
        await _services.GetRequiredService<GrainCluster>().DisposeAsync();
        await _services.DisposeAsync();
    }
}
