using System.Buffers;
using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests;

/// <summary>
/// Hashes an artifact of any size in constant memory. Each block is read once and hashed twice, side by side: into the whole-file digest
/// and into the chunk digests, so both describe the same bytes; meanwhile the next block is read. SHA-256 of a file can't be split over
/// cores, so this runs at the speed of one core's SHA-256 on two of them.
/// </summary>
public static class ArtifactHasher
{
    /// <summary>Two of these are all the memory it takes, whatever the artifact's size. A multiple or divisor of every chunk size.</summary>
    private const int BlockSizeBytes = 1 << 20;

    /// <param name="file">Open for reading; read by offset, so its position doesn't matter.</param>
    /// <param name="kind">Kernel, initramfs or rootfs.</param>
    /// <param name="urlPath">Where a provider serves it, such as <c>/kernel</c>.</param>
    /// <param name="chunkSizeBytes">A power of two from 64 KiB to 64 MiB; null chooses <see cref="ChunkTable.DefaultChunkSizeBytes"/>.</param>
    /// <param name="progressBytes">Told the number of bytes hashed so far, about once a MiB, on pool threads.</param>
    /// <param name="ct">Ends the work at the next block.</param>
    /// <exception cref="ArtifactChangedException">The file's size or time of modification changed meanwhile.</exception>
    /// <exception cref="ArgumentException">Empty or too large a file, a chunk size that doesn't suit it, or no URL path.</exception>
    public static async Task<ManifestArtifact> HashAsync(
        SafeFileHandle file, ArtifactKind kind, string urlPath, int? chunkSizeBytes, IProgress<long>? progressBytes, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArtifactPath.ThrowIfInvalid(urlPath); // Now, not after ten minutes of hashing.
        FileSnapshot before = FileSnapshot.Of(file);
        if (before.SizeBytes == 0)
        {
            throw new ArgumentException($"The {kind.Name()} is empty, expected at least 1 byte.", nameof(file));
        }

        int chunkSize = chunkSizeBytes ?? ChunkTable.DefaultChunkSizeBytes(before.SizeBytes);
        using DigestPair digests = new(before.SizeBytes, chunkSize);
        byte[] current = ArrayPool<byte>.Shared.Rent(BlockSizeBytes);
        byte[] next = ArrayPool<byte>.Shared.Rent(BlockSizeBytes);
        try
        {
            long offset = 0;
            int length = await Task.Run(() => ReadBlock(file, current, 0, before.SizeBytes), ct);
            while (length > 0)
            {
                ct.ThrowIfCancellationRequested();
                ReadOnlyMemory<byte> block = current.AsMemory(0, length);
                long nextOffset = offset + length;
                byte[] target = next;
                Task<int> reading = Task.Run(() => ReadBlock(file, target, nextOffset, before.SizeBytes), CancellationToken.None);
                await Task.WhenAll(digests.AppendAsync(block), reading); // Always all three: none may outlive the buffers.

                offset = nextOffset;
                length = await reading;
                (current, next) = (next, current);
                progressBytes?.Report(offset);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(current);
            ArrayPool<byte>.Shared.Return(next);
        }

        before.ThrowIfChanged(FileSnapshot.Of(file));
        (Sha256Digest whole, ChunkTable chunks) = digests.Finish();
        return new ManifestArtifact(kind, whole, before.SizeBytes, urlPath, chunks);
    }

    private static int ReadBlock(SafeFileHandle file, byte[] buffer, long offset, long sizeBytes)
    {
        int wanted = (int)Math.Min(BlockSizeBytes, sizeBytes - offset);
        int filled = 0;
        while (filled < wanted)
        {
            int read = RandomAccess.Read(file, buffer.AsSpan(filled, wanted - filled), offset + filled);
            if (read == 0)
            {
                throw new ArtifactChangedException(
                    $"The file ended at byte {offset + filled}, it had {sizeBytes} when hashing began; hash it again once nothing writes to it.");
            }

            filled += read;
        }

        return filled;
    }
}
