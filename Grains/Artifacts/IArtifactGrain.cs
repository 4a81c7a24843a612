namespace PhaseMesh.Grains.Artifacts;

/// <summary>An artifact; its key is its digest, <c>sha256:</c> and hex. It exists once a published release names it.</summary>
public interface IArtifactGrain : IGrainWithStringKey
{
    /// <summary>A release names it. Told by the release channel; telling it again changes nothing.</summary>
    Task DescribeAsync(ArtifactDescription description);

    /// <summary>A channel doesn't offer it any more; without any channel no replicas are wanted.</summary>
    /// <param name="channel">The channel's key, such as <c>stable/x86_64</c>.</param>
    Task ReleaseAsync(string channel);

    /// <param name="replicas">0 to <see cref="ArtifactLimits.MaxReplicasWanted"/>; null: as the fleet's options say.</param>
    Task SetReplicasWantedAsync(int? replicas);

    /// <returns>Null where no release ever named it. Without replicas: those are <see cref="IArtifactIndex"/>'s.</returns>
    [ReadOnly]
    Task<ArtifactView?> GetAsync();
}

/// <summary>
/// What one provider has of one artifact; its key is <c>sha256:HEX/ed25519:HEX</c> (<see cref="ReplicaKey"/>). So a thousand providers of
/// one artifact are a thousand grains, and none is hot.
/// </summary>
public interface IReplicaGrain : IGrainWithStringKey
{
    /// <summary>Its provider says, signed, that it verified the artifact and serves it. A refuted replica stays refuted.</summary>
    Task ReportAsync();

    /// <summary>Someone else got it from there and verified it: a booting machine or a silo.</summary>
    Task VerifyAsync(string witness);

    /// <summary>The provider was proven to send something else.</summary>
    Task RefuteAsync(string reason);

    /// <summary>The provider doesn't offer it any more, or may not.</summary>
    Task WithdrawAsync();

    /// <summary>The operator let the provider go on: a refutation is forgotten.</summary>
    Task ForgiveAsync();

    /// <summary>The provider was forgotten.</summary>
    Task ForgetAsync();

    /// <returns>Null where there never was one.</returns>
    [ReadOnly]
    Task<ReplicaView?> GetAsync();
}

/// <summary>Artifacts and their replicas.</summary>
public interface IArtifactIndex
{
    /// <summary>By digest, with their replicas counted.</summary>
    Task<Fleet.FleetPage<ArtifactView>> ListAsync(int limit = 100, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Offered artifacts with fewer live replicas than wanted, the fewest first; at most <paramref name="limit"/> (1 to 1000).
    /// </summary>
    Task<ImmutableArray<ArtifactView>> ListUnderReplicatedAsync(int limit = 100, CancellationToken cancellationToken = default);

    /// <summary>With its replicas counted; null where no release ever named it.</summary>
    Task<ArtifactView?> FindAsync(string digest, CancellationToken cancellationToken = default);

    /// <summary>Who has it, by provider.</summary>
    Task<Fleet.FleetPage<ReplicaView>> ListReplicasAsync(
        string digest, int limit = 100, string? after = null, CancellationToken cancellationToken = default);
}
