using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests;

/// <summary>One artifact of a release: what it is, how large, its digest, and where a provider serves it.</summary>
public sealed class ManifestArtifact
{
    /// <summary>2^53 - 1, the largest integer every JSON reader agrees on.</summary>
    public const long MaxSizeBytes = JsonNumber.MaxSafeInteger;

    /// <param name="kind">Kernel, initramfs or rootfs.</param>
    /// <param name="digest">Of the whole file.</param>
    /// <param name="sizeBytes">1 to <see cref="MaxSizeBytes"/>.</param>
    /// <param name="path">An absolute URL path such as <c>/kernel</c>: at most 1024 characters, no <c>..</c>, no query.</param>
    /// <param name="chunks">Null leaves out chunk digests: the artifact is then verified only as a whole.</param>
    /// <exception cref="ArgumentException">A value outside these rules, or a chunk table made for another size.</exception>
    public ManifestArtifact(ArtifactKind kind, Sha256Digest digest, long sizeBytes, string path, ChunkTable? chunks = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeBytes, MaxSizeBytes);
        ArtifactPath.ThrowIfInvalid(path);
        if (chunks is not null && chunks.ArtifactSizeBytes != sizeBytes)
        {
            throw new ArgumentException($"The chunks cover {chunks.ArtifactSizeBytes} bytes, the artifact has {sizeBytes}.", nameof(chunks));
        }

        Kind = kind;
        Digest = digest;
        SizeBytes = sizeBytes;
        Path = path;
        Chunks = chunks;
    }

    public ArtifactKind Kind { get; }

    public Sha256Digest Digest { get; }

    public long SizeBytes { get; }

    /// <summary>Relative to the provider's root; starts with a slash.</summary>
    public string Path { get; }

    /// <summary>Null in manifests that were written without chunk digests.</summary>
    public ChunkTable? Chunks { get; }
}
