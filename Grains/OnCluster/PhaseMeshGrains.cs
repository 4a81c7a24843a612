using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Housekeeping;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnCluster;

/// <summary>What a silo adds to host the fleet's grains on this repository's engine.</summary>
public static class PhaseMeshGrains
{
    /// <summary>A manifest of 1 MiB in base64, with room.</summary>
    private const int MaxStateBytes = 2 << 20;

    /// <summary>The grain classes; states may be as large as the largest manifest needs.</summary>
    public static GrainClusterOptions AddPhaseMeshGrains(this GrainClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.MaxStateBytes = Math.Max(options.MaxStateBytes, MaxStateBytes);
        return options.AddGrains(typeof(PhaseMeshGrains).Assembly);
    }

    /// <summary>What the grains and their callers are given, besides what the engine itself registers (factory, queries, feed).</summary>
    /// <exception cref="ArgumentException">The options are bad; the message has all faults.</exception>
    public static IServiceCollection AddPhaseMeshGrains(this IServiceCollection services, FleetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join('\n', faults), nameof(options));
        }

        services.TryAddSingleton(TimeProvider.System);
        return services.AddSingleton(options)
            .AddSingleton<IBootSessionIndex, BootSessionIndex>()
            .AddSingleton<IProviderIndex, ProviderIndex>()
            .AddSingleton<IArtifactIndex, ArtifactIndex>()
            .AddSingleton<IReleaseChannelIndex, ReleaseChannelIndex>()
            .AddSingleton<IJoinTokenIndex, JoinTokenIndex>()
            .AddSingleton<INonceIndex, NonceIndex>()
            .AddSingleton<IBootFeed, BootFeed>()
            .AddSingleton<ReleasePublisher>()
            .AddSingleton<FleetAdmission>()
            .AddHostedService<HousekeepingStarter>();
    }
}
