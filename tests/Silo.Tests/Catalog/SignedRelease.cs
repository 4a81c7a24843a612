using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Catalog;

/// <summary>What an operator would sign.</summary>
internal static class SignedRelease
{
    public static Ed25519PrivateKey OperatorKey { get; } = Ed25519PrivateKey.FromSeed("operator's seed, 32 bytes long.."u8);

    /// <summary>A manifest for the files that lie in the scene's directory, or will.</summary>
    public static BootManifest For(
        ServingScene scene, long? release, string channel = "stable", Ed25519PrivateKey? key = null, bool isSigned = true, DateTimeOffset? expires = null,
        IReadOnlyDictionary<string, byte[]>? contents = null)
    {
        contents ??= new[] { "kernel", "initramfs", "rootfs" }.ToDictionary(name => name, scene.Read);
        return new ManifestDraft
        {
            Version = $"v{release}",
            Channel = ReleaseChannelName.Parse(channel),
            Arch = MachineArch.X64,
            Release = release,
            Expires = expires,
            CommandLine = "console=ttyS0 quiet",
            Artifacts = [.. contents.Select(content => Describe(content.Key, content.Value))],
        }.Build(isSigned ? [key ?? OperatorKey] : []);
    }

    private static ManifestArtifact Describe(string name, byte[] content)
    {
        Assert.True(ArtifactKinds.TryParse(name, out ArtifactKind kind));
        int chunkSize = ChunkTable.DefaultChunkSizeBytes(content.Length);
        Sha256Digest[] chunks = [.. content.Chunk(chunkSize).Select(chunk => Sha256Digest.Compute(chunk))];
        return new ManifestArtifact(kind, Sha256Digest.Compute(content), content.Length, $"/artifacts/{name}", new ChunkTable(content.Length, chunkSize, chunks));
    }
}
