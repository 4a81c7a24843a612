using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using PhaseMesh.Grains.Housekeeping;
using PhaseMesh.Grains.OnOrleans;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Grains.Tests.Support;

/// <summary>One Orleans silo of a <see cref="FleetLab"/>.</summary>
public sealed class FleetSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private FleetSilo(IHost host) => _host = host;

    public FleetAdmission Admission => _host.Services.GetRequiredService<FleetAdmission>();

    public ReleasePublisher Publisher => _host.Services.GetRequiredService<ReleasePublisher>();

    public IBootSessionIndex Boots => _host.Services.GetRequiredService<IBootSessionIndex>();

    public IBootFeed Feed => _host.Services.GetRequiredService<IBootFeed>();

    public IProviderIndex Providers => _host.Services.GetRequiredService<IProviderIndex>();

    public IArtifactIndex Artifacts => _host.Services.GetRequiredService<IArtifactIndex>();

    public IReleaseChannelIndex Channels => _host.Services.GetRequiredService<IReleaseChannelIndex>();

    public IJoinTokenIndex Tokens => _host.Services.GetRequiredService<IJoinTokenIndex>();

    public INonceIndex Nonces => _host.Services.GetRequiredService<INonceIndex>();

    public IFleetGrain Fleet => Get<IFleetGrain>(IFleetGrain.Key);

    public static async Task<FleetSilo> StartAsync(FleetStorage storage, FleetOptions options, TimeProvider clock, string name)
    {
        IHost host = new HostBuilder()
            .ConfigureServices(services => services.AddLogging().AddSingleton(clock))
            .UseOrleans(silo => silo.UsePhaseMeshGrains(storage.ConnectionString, options, LoopbackPort.Free(), LoopbackPort.Free()))
            .Build();
        await host.StartAsync();
        return new FleetSilo(host);
    }

    /// <summary>In Orleans a grain is in one place, so every read is of the newest.</summary>
    public static IDisposable Newest() => new Nothing();

    public TGrain Get<TGrain>(string key)
        where TGrain : IGrainWithStringKey => _host.Services.GetRequiredService<IGrainFactory>().GetGrain<TGrain>(key);

    public Task<int> SweepAsync() => Get<IHousekeepingGrain>(IHousekeepingGrain.Key).RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    /// <summary>What is stored of one kind.</summary>
    internal async Task<IReadOnlyList<TState>> StatesAsync<TState>()
        where TState : class, new()
    {
        string name = typeof(TState) == typeof(BootSessionGrainState) ? "boot"
            : typeof(TState) == typeof(NonceGrainState) ? "nonces"
            : "token";
        AdoNetStates states = _host.Services.GetRequiredService<AdoNetStates>();
        return [.. (await states.ReadAllAsync<TState>(name, CancellationToken.None)).Select(row => row.State)];
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
