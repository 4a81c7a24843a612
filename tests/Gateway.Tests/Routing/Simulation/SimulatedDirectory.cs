using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Tests.Routing.Simulation;

/// <summary>A directory that says what it is told to; one digest unless told otherwise.</summary>
internal sealed class SimulatedDirectory : IReplicaDirectory
{
    private long _version;

    public static Sha256Digest Digest { get; } = Sha256Digest.Compute("rootfs"u8);

    public DirectorySnapshot Current { get; private set; } = DirectorySnapshot.Empty;

    public void Name(params IEnumerable<ReplicaEndpoint> endpoints) =>
        Current = DirectorySnapshot.Empty with
        {
            Version = ++_version,
            Replicas = new Dictionary<Sha256Digest, IReadOnlyList<ReplicaEndpoint>> { [Digest] = [.. endpoints] },
            Artifacts = new Dictionary<Sha256Digest, ManifestArtifact>(),
        };

    public Task<DirectorySnapshot> WaitForAsync(Func<DirectorySnapshot, bool> condition, CancellationToken cancellationToken) =>
        condition(Current)
            ? Task.FromResult(Current)
            : throw new InvalidOperationException("Nobody changes the directory while a simulation waits for it.");
}
