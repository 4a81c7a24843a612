using System.Security.Cryptography;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>Hashes and stores the chunks of one run; a chunk counts once its digest is the manifest's.</summary>
internal sealed class ChunkSink(ChunkTable chunks, ArtifactSlot slot, ChunkBoard board, ChunkRun run, TimeProvider time)
    : IPieceSink, IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _chunkStarted = time.GetTimestamp();

    public int PieceBytes(long position)
    {
        int chunk = (int)(position / chunks.ChunkSizeBytes);
        if (chunk >= run.End)
        {
            return 0;
        }

        (long offset, int length) = chunks.RangeOf(chunk);
        return (int)(offset + length - position);
    }

    public FetchFault? Take(long position, ReadOnlySpan<byte> piece)
    {
        int chunk = (int)(position / chunks.ChunkSizeBytes);
        (long offset, int length) = chunks.RangeOf(chunk);
        _hash.AppendData(piece);
        if (!run.TryWrite(chunk, slot, position, piece) || position + piece.Length < offset + length)
        {
            return null;
        }

        Span<byte> digest = stackalloc byte[Sha256Digest.SizeBytes];
        _hash.GetHashAndReset(digest);
        if (new Sha256Digest(digest) != chunks[chunk])
        {
            return new FetchFault(FaultKind.WrongDigest,
                $"sent chunk {chunk} of {slot.Artifact.Kind.Name()} (bytes {offset}-{offset + length - 1}) with a wrong SHA-256");
        }

        run.Owner.Delivered(length);
        run.Owner.NoteRate(length / Math.Max(time.GetElapsedTime(_chunkStarted).TotalSeconds, 0.000_1));
        _chunkStarted = time.GetTimestamp();
        board.Finish(run, chunk);
        return null;
    }

    public void Dispose() => _hash.Dispose();
}
