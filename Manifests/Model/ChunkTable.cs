using System.Numerics;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests;

/// <summary>
/// The digests of an artifact's chunks. All chunks have the same power-of-two size but the last, which holds the rest, so any byte range
/// of the artifact is verifiable and a lying replica is caught within one chunk.
/// </summary>
public sealed class ChunkTable
{
    /// <summary>64 KiB.</summary>
    public const int MinChunkSizeBytes = 64 << 10;

    /// <summary>64 MiB.</summary>
    public const int MaxChunkSizeBytes = 64 << 20;

    public const int MaxCount = ManifestLimits.MaxItemsPerArray;

    internal const string ExpectedChunkSize = "a power of two from 65536 to 67108864";

    private const int DefaultSizeBytes = 1 << 20;
    private readonly Sha256Digest[] _digests;

    /// <param name="artifactSizeBytes">At least 1.</param>
    /// <param name="chunkSizeBytes">A power of two, 64 KiB to 64 MiB.</param>
    /// <param name="digests">One per chunk, in order: exactly as many as the sizes ask for, at most <see cref="MaxCount"/>.</param>
    /// <exception cref="ArgumentException">The three don't fit each other.</exception>
    public ChunkTable(long artifactSizeBytes, int chunkSizeBytes, ReadOnlySpan<Sha256Digest> digests)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(artifactSizeBytes, 1);
        if (!IsChunkSize(chunkSizeBytes))
        {
            throw new ArgumentOutOfRangeException(nameof(chunkSizeBytes), chunkSizeBytes, $"Expected {ExpectedChunkSize}.");
        }

        long count = CountFor(artifactSizeBytes, chunkSizeBytes);
        if (digests.Length != count || count > MaxCount)
        {
            throw new ArgumentException(
                $"{artifactSizeBytes} bytes in chunks of {chunkSizeBytes} are {count} chunks (at most {MaxCount}), found {digests.Length}.",
                nameof(digests));
        }

        ArtifactSizeBytes = artifactSizeBytes;
        ChunkSizeBytes = chunkSizeBytes;
        _digests = digests.ToArray();
    }

    public long ArtifactSizeBytes { get; }

    public int ChunkSizeBytes { get; }

    public int Count => _digests.Length;

    /// <exception cref="IndexOutOfRangeException">Not from 0 to <see cref="Count"/> - 1.</exception>
    public Sha256Digest this[int index] => _digests[index];

    /// <summary>Which bytes of the artifact a chunk covers; the ranges of all chunks tile the artifact.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not from 0 to <see cref="Count"/> - 1.</exception>
    public (long Offset, int LengthBytes) RangeOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        long offset = (long)index * ChunkSizeBytes;
        return (offset, (int)Math.Min(ChunkSizeBytes, ArtifactSizeBytes - offset));
    }

    /// <summary>1 MiB, doubled until <see cref="MaxCount"/> chunks cover the artifact.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 byte, or more than 4096 chunks of 64 MiB (256 GiB) cover.</exception>
    public static int DefaultChunkSizeBytes(long artifactSizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(artifactSizeBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(artifactSizeBytes, (long)MaxCount * MaxChunkSizeBytes);
        int chunkSizeBytes = DefaultSizeBytes;
        while (CountFor(artifactSizeBytes, chunkSizeBytes) > MaxCount)
        {
            chunkSizeBytes *= 2;
        }

        return chunkSizeBytes;
    }

    internal static bool IsChunkSize(long bytes) => bytes is >= MinChunkSizeBytes and <= MaxChunkSizeBytes && BitOperations.IsPow2(bytes);

    internal static long CountFor(long artifactSizeBytes, int chunkSizeBytes) => ((artifactSizeBytes - 1) / chunkSizeBytes) + 1;
}
