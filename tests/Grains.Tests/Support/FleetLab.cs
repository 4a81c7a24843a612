namespace PhaseMesh.Grains.Tests.Support;

/// <summary>A fleet on an empty storage, with as many silos as a test wants and a clock that it moves.</summary>
public sealed class FleetLab : IAsyncDisposable
{
    private readonly Func<FleetStorage> _storage;
    private readonly List<FleetSilo> _silos = [];

    private FleetLab(Func<FleetStorage> storage, FleetOptions options) => (_storage, Options) = (storage, options);

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
