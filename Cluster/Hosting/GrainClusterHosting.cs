using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;

namespace PhaseMesh.Cluster.Hosting;

/// <summary>Grains inside a host.</summary>
public static class GrainClusterHosting
{
    /// <summary>
    /// This process is a silo: registers <see cref="GrainCluster"/>, <see cref="IGrainFactory"/>, <see cref="IGrainQuery{TState}"/>,
    /// <see cref="IEventFeed"/>, <see cref="IClusterMembership"/> and <see cref="Clocks.IClusterClock"/>, and starts and stops with the
    /// host.
    /// </summary>
    public static IServiceCollection AddGrainCluster(this IServiceCollection services, Action<GrainClusterOptions> configure) =>
        services.AddGrainCluster((_, options) => configure(options));

    /// <inheritdoc cref="AddGrainCluster(IServiceCollection, Action{GrainClusterOptions})"/>
    public static IServiceCollection AddGrainCluster(
        this IServiceCollection services, Action<IServiceProvider, GrainClusterOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddSingleton(provider =>
        {
            GrainClusterOptions options = new();
            configure(provider, options);
            return new GrainCluster(options, provider);
        });
        services.AddSingleton(provider => provider.GetRequiredService<GrainCluster>().GrainFactory);
        services.AddSingleton(provider => provider.GetRequiredService<GrainCluster>().Events);
        services.AddSingleton(provider => provider.GetRequiredService<GrainCluster>().Membership);
        services.AddSingleton(provider => provider.GetRequiredService<GrainCluster>().Clock);
        services.AddSingleton(typeof(IGrainQuery<>), typeof(GrainQuery<>));
        services.AddHostedService<Host>();
        return services;
    }

    private sealed class Host(GrainCluster cluster) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => cluster.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => cluster.DisposeAsync().AsTask().WaitAsync(cancellationToken);
    }
}
