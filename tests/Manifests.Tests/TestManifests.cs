using System.Text;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests;

/// <summary>Keys and manifests the tests start from.</summary>
internal static class TestManifests
{
    public static readonly DateTimeOffset Created = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Expires = Created.AddDays(30);

    /// <summary>The same key for the same number, so that a failing test can be run again.</summary>
    public static Ed25519PrivateKey Key(byte number) => Ed25519PrivateKey.FromSeed(Enumerable.Repeat(number, 32).ToArray());

    public static Sha256Digest DigestOf(string text) => Sha256Digest.Compute(Encoding.UTF8.GetBytes(text));

    public static ManifestArtifact Artifact(ArtifactKind kind, long sizeBytes, int? chunkSizeBytes = null)
    {
        ChunkTable? chunks = null;
        if (chunkSizeBytes is { } size)
        {
            int count = (int)((sizeBytes + size - 1) / size);
            chunks = new ChunkTable(sizeBytes, size,
                Enumerable.Range(0, count).Select(index => DigestOf($"{kind} {index}")).ToArray());
        }

        return new ManifestArtifact(kind, DigestOf(kind.Name()), sizeBytes, $"/{kind.Name()}", chunks);
    }

    public static ManifestDraft Draft() => new()
    {
        Version = "2026.11.21",
        Channel = ReleaseChannelName.Parse("stable"),
        Arch = MachineArch.X64,
        Release = 42,
        Created = Created,
        Expires = Expires,
        CommandLine = "console=ttyS0 quiet",
        Artifacts =
        [
            Artifact(ArtifactKind.Kernel, 8_388_608, 1 << 20),
            Artifact(ArtifactKind.Initramfs, 4_194_305, 1 << 20),
            Artifact(ArtifactKind.Rootfs, 100_000, 65_536),
        ],
    };

    public static BootManifest Signed(params Ed25519PrivateKey[] keys) => Draft().Build(keys);

    public static string Text(BootManifest manifest) => Encoding.UTF8.GetString(manifest.RawBytes.Span);

    public static BootManifest Parse(string json) => BootManifest.Parse(Encoding.UTF8.GetBytes(json));

    /// <summary>What the mission's example has, with real digests: none of our additions.</summary>
    public const string Plain = """
        {
          "version": "2025.11.26",
          "manifest_version": 1,
          "channel": "stable",
          "arch": "arm64",
          "artifacts": {
            "kernel": {
              "hash": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
              "size": 8388608,
              "path": "/kernel"
            },
            "initramfs": {
              "hash": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
              "size": 4194304,
              "path": "/initramfs"
            }
          }
        }
        """;
}
