using System.Text;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.Tests.Support;

/// <summary>Signed manifests the tests publish.</summary>
public static class Releases
{
    public const string Stable = "stable/x86_64";

    public static Ed25519PrivateKey Key { get; } = Ed25519PrivateKey.FromSeed(Enumerable.Repeat((byte)1, 32).ToArray());

    public static Ed25519PrivateKey OtherKey { get; } = Ed25519PrivateKey.FromSeed(Enumerable.Repeat((byte)2, 32).ToArray());

    public static ReleaseChannelKey Channel(string text = Stable) =>
        ReleaseChannelKey.TryParse(text, out ReleaseChannelKey key) ? key : throw new ArgumentException(text);

    /// <summary>Releases with the same content have the same artifacts.</summary>
    public static ReleaseProposal Proposal(
        long? release, string content = "one", string channel = Stable, Ed25519PrivateKey? key = null, DateTimeOffset? expires = null,
            int? percent = null) =>
        new() { Manifest = Manifest(release, content, channel, key, expires).RawBytes, Actor = Nodes.Operator, Percent = percent };

    public static BootManifest Manifest(
        long? release, string content = "one", string channel = Stable, Ed25519PrivateKey? key = null, DateTimeOffset? expires = null) =>
            new ManifestDraft
            {
                Version = $"v{release}",
                Channel = Channel(channel).Channel,
                Arch = Channel(channel).Arch,
                Release = release,
                Expires = expires,
                Artifacts = [Artifact(ArtifactKind.Kernel, content), Artifact(ArtifactKind.Initramfs, content)],
            }.Build([key ?? Key]);

    public static string DigestOf(ArtifactKind kind, string content = "one") => Artifact(kind, content).Digest.ToString();

    public static Sha256Digest ChunkOf(ArtifactKind kind, int chunk, string content = "one") => Digest($"{kind} {content} {chunk}");

    public static Sha256Digest Digest(string text) => Sha256Digest.Compute(Encoding.UTF8.GetBytes(text));

    public static Task<ReleaseView> PublishAsync(this FleetSilo silo, long release, string content = "one", string channel = Stable,
        int? percent = null) =>
        silo.Publisher.PublishAsync(Channel(channel), Proposal(release, content, channel, percent: percent));

    private static ManifestArtifact Artifact(ArtifactKind kind, string content) => new(
        kind, Digest($"{kind} {content}"), 100_000, $"/{kind.Name()}",
        new ChunkTable(100_000, 65_536, [ChunkOf(kind, 0, content), ChunkOf(kind, 1, content)]));
}
