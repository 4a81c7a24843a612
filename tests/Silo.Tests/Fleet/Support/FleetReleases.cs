using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Catalog;

namespace PhaseMesh.Silo.Tests.Fleet.Support;

/// <summary>Signed manifests of artifacts that nobody needs to have.</summary>
internal static class FleetReleases
{
    public const int ChunkBytes = 64 << 10;

    public static byte[] Kernel(string name) => Serving.ServingScene.Content(name, 100_000);

    public static Sha256Digest Digest(string name) => Sha256Digest.Compute(Kernel(name));

    /// <param name="artifacts">Releases with the same word have the same artifacts.</param>
    public static BootManifest Manifest(long release, string channel = "stable", string artifacts = "v1", Ed25519PrivateKey? key = null) =>
        new ManifestDraft
        {
            Version = $"{artifacts}.{release}",
            Channel = ReleaseChannelName.Parse(channel),
            Arch = MachineArch.X64,
            Release = release,
            Artifacts = [Artifact(ArtifactKind.Kernel, artifacts + "-kernel"), Artifact(ArtifactKind.Initramfs, artifacts + "-initramfs.")],
        }.Build([key ?? SignedRelease.OperatorKey]);

    public static byte[] Bytes(BootManifest manifest) => manifest.RawBytes.ToArray();

    private static ManifestArtifact Artifact(ArtifactKind kind, string name)
    {
        byte[] content = Kernel(name);
        return new ManifestArtifact(kind, Sha256Digest.Compute(content), content.Length, $"/{kind.Name()}",
            new ChunkTable(content.Length, ChunkBytes, [.. content.Chunk(ChunkBytes).Select(chunk => Sha256Digest.Compute(chunk))]));
    }
}
