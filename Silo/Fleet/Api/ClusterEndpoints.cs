using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Membership;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary><c>/v1/cluster</c>.</summary>
internal static class ClusterEndpoints
{
    public static async Task<IResult> GetAsync(HttpContext context, GrainCluster cluster)
    {
        IReadOnlyList<SiloEntry> silos = await cluster.Membership.ListAsync(context.RequestAborted);
        return FleetResults.Ok(new ClusterAnswer(
            cluster.Membership.Self?.Name, cluster.GrainsInMemory,
            [.. silos.Select(silo => new SiloAnswer(
                silo.Identity.Name, silo.Identity.Generation, silo.Status, silo.Address, silo.Version, silo.StartedAt, silo.LastSeenAt,
                silo.LeaseRemaining.TotalSeconds))]));
    }
}

/// <param name="AnsweredBy">This silo's name.</param>
/// <param name="GrainsInMemory">This silo's.</param>
internal sealed record ClusterAnswer(string? AnsweredBy, int GrainsInMemory, IReadOnlyList<SiloAnswer> Silos);

internal sealed record SiloAnswer(
    string Name, long Generation, SiloStatus Status, string Address, string Version, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt,
    double LeaseSeconds);
