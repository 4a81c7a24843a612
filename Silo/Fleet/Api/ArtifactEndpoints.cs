using System.Collections.Immutable;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary><c>/v1/artifacts</c>.</summary>
internal static class ArtifactEndpoints
{
    public static async Task<IResult> ListAsync(HttpContext context, IArtifactIndex artifacts, string? under_replicated, string? limit,
        string? after)
    {
        if (FleetText.FlagOf("under_replicated", under_replicated))
        {
            return FleetResults.Ok(
                new ArtifactList(await artifacts.ListUnderReplicatedAsync(FleetText.LimitOf(limit), context.RequestAborted), null));
        }

        FleetPage<ArtifactView> page =
            await artifacts.ListAsync(FleetText.LimitOf(limit), FleetText.PlainOf("after", after), context.RequestAborted);
        return FleetResults.Ok(new ArtifactList(page.Items, page.Next));
    }

    public static async Task<IResult> GetAsync(HttpContext context, string digest, IArtifactIndex artifacts, string? limit, string? after)
    {
        string key = FleetText.DigestOf(digest);
        ArtifactView artifact = await artifacts.FindAsync(key, context.RequestAborted)
            ?? throw FleetText.NotFound($"No release names an artifact {key}.");
        FleetPage<ReplicaView> replicas = await artifacts.ListReplicasAsync(
            key, FleetText.LimitOf(limit), FleetText.PlainOf("after", after), context.RequestAborted);
        return FleetResults.Ok(new ArtifactAnswer(artifact, replicas.Items, replicas.Next));
    }
}

internal sealed record ArtifactList(ImmutableArray<ArtifactView> Artifacts, string? Next);

internal sealed record ArtifactAnswer(ArtifactView Artifact, ImmutableArray<ReplicaView> Replicas, string? Next);
