using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>One way to fail while downloads are under way.</summary>
/// <param name="Inject">Done while every download is paused in mid-body.</param>
internal sealed record FaultScenario(Func<FaultScene, Task> Inject)
{
    /// <summary>Beyond what a gateway of 16 MiB can have read when the clients pause.</summary>
    public const long FaultAt = (24 << 20) + 4321;

    /// <summary>plasmd processes that the gateway prefers.</summary>
    public int Doomed { get; init; }

    /// <summary>They are configured, and started by the scenario.</summary>
    public bool DoomedJoinLater { get; init; }

    /// <summary>Providers that the gateway prefers and that can misbehave in every way.</summary>
    public int Liars { get; init; }

    /// <summary>An honest plasmd that the gateway would rather not ask.</summary>
    public bool HasGood { get; init; } = true;

    /// <summary>The size of the disk under the cache; null: no cache.</summary>
    public int? CacheMegabytes { get; init; }

    /// <summary>Done while the downloads go on.</summary>
    public Func<FaultScene, Task> Meanwhile { get; init; } = _ => Task.CompletedTask;

    /// <summary>What the gateway says of it: that the scenario happened at all.</summary>
    public string? Seen { get; init; }

    /// <summary>Every client is cut off once, and asks for the rest; otherwise none may be.</summary>
    public bool CutsClients { get; init; }

    /// <summary>Two providers that misbehave so from now on, as the gateway sees it.</summary>
    public static FaultScenario Of(ProviderFault fault, string seen) =>
        new(scene =>
        {
            scene.Misbehave(fault);
            return Task.CompletedTask;
        })
        { Liars = 2, Seen = seen };
}
