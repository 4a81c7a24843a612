using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// An artifact cut into what can be verified by itself: its chunks, or the whole of it where the manifest has no chunk digests.
/// </summary>
internal sealed class ArtifactLayout
{
    private readonly ChunkTable? _chunks;

    /// <exception cref="ArgumentOutOfRangeException">No chunk digests, and more than 2 GiB; the caller refuses those, and smaller ones,
    /// before.</exception>
    public ArtifactLayout(ManifestArtifact artifact)
    {
        Artifact = artifact;
        _chunks = artifact.Chunks;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_chunks is null ? artifact.SizeBytes : 0, int.MaxValue, nameof(artifact));
    }

    public ManifestArtifact Artifact { get; }

    public Sha256Digest Digest => Artifact.Digest;

    public int Count => _chunks?.Count ?? 1;

    /// <summary>Of every chunk but the last, which may be shorter.</summary>
    public int ChunkSizeBytes => _chunks?.ChunkSizeBytes ?? (int)Artifact.SizeBytes;

    public int IndexOf(long offset) => (int)(offset / ChunkSizeBytes);

    public (long Offset, int LengthBytes) RangeOf(int index) => _chunks?.RangeOf(index) ?? (0, (int)Artifact.SizeBytes);

    public ChunkKey KeyOf(int index) => new(_chunks?[index] ?? Artifact.Digest, RangeOf(index).LengthBytes);
}
