using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;

namespace PhaseMesh.Cluster.Hosting;

/// <summary>What grains' constructors get: this silo's own services first, so that several silos in one process each have theirs.</summary>
internal sealed class ClusterServices(GrainCluster cluster, IServiceProvider? services) : IServiceProvider
{
    public object? GetService(Type serviceType) =>
        serviceType == typeof(IGrainFactory) ? cluster.GrainFactory
        : serviceType == typeof(IEventFeed) ? cluster.Events
        : serviceType == typeof(IClusterMembership) ? cluster.Membership
        : serviceType == typeof(GrainCluster) ? cluster
        : serviceType == typeof(IClusterClock) ? cluster.Clock
        : serviceType == typeof(TimeProvider) ? cluster.Clock.Time
        : serviceType is { IsGenericType: true } && serviceType.GetGenericTypeDefinition() == typeof(IGrainQuery<>)
            ? Activator.CreateInstance(typeof(GrainQuery<>).MakeGenericType(serviceType.GenericTypeArguments), cluster)
        : services?.GetService(serviceType)
            ?? (serviceType == typeof(IServiceProvider) ? this : null);
}
