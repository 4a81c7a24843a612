using System.Security.Cryptography;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests;

/// <summary>The digest of a whole artifact and those of its chunks, fed the same blocks at the same time.</summary>
internal sealed class DigestPair : IDisposable
{
    private readonly IncrementalHash _whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _chunk = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Sha256Digest[] _chunks;
    private readonly long _artifactSizeBytes;
    private readonly int _chunkSizeBytes;
    private int _finishedChunks;
    private int _bytesInChunk;

    /// <exception cref="ArgumentException">The chunk size is none, or leads to more than 4096 chunks.</exception>
    internal DigestPair(long artifactSizeBytes, int chunkSizeBytes)
    {
        long count = ChunkTable.IsChunkSize(chunkSizeBytes) ? ChunkTable.CountFor(artifactSizeBytes, chunkSizeBytes) : 0;
        if (count is < 1 or > ChunkTable.MaxCount)
        {
            throw new ArgumentOutOfRangeException(nameof(chunkSizeBytes), chunkSizeBytes,
                $"Expected {ChunkTable.ExpectedChunkSize} that covers {artifactSizeBytes} bytes with at most {ChunkTable.MaxCount} chunks.");
        }

        _chunks = new Sha256Digest[count];
        _artifactSizeBytes = artifactSizeBytes;
        _chunkSizeBytes = chunkSizeBytes;
    }

    /// <summary>Completes when both have taken the block.</summary>
    internal Task AppendAsync(ReadOnlyMemory<byte> block) => Task.WhenAll(
        Task.Run(() => _whole.AppendData(block.Span)),
        Task.Run(() => AppendToChunks(block.Span)));

    /// <summary>Once, after exactly the artifact's size was appended.</summary>
    internal (Sha256Digest Whole, ChunkTable Chunks) Finish()
    {
        if (_bytesInChunk > 0)
        {
            FinishChunk();
        }

        return (DigestOf(_whole), new ChunkTable(_artifactSizeBytes, _chunkSizeBytes, _chunks));
    }

    public void Dispose()
    {
        _whole.Dispose();
        _chunk.Dispose();
    }

    private void AppendToChunks(ReadOnlySpan<byte> block)
    {
        while (!block.IsEmpty)
        {
            int length = Math.Min(block.Length, _chunkSizeBytes - _bytesInChunk);
            _chunk.AppendData(block[..length]);
            _bytesInChunk += length;
            block = block[length..];
            if (_bytesInChunk == _chunkSizeBytes)
            {
                FinishChunk();
            }
        }
    }

    private void FinishChunk()
    {
        _chunks[_finishedChunks++] = DigestOf(_chunk);
        _bytesInChunk = 0;
    }

    private static Sha256Digest DigestOf(IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.SizeBytes];
        hash.GetHashAndReset(digest);
        return new Sha256Digest(digest);
    }
}
