using System.Security.Cryptography;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// A chunk on its way: hashed and written piece by piece into a file that nobody else can see. It outlives the transfer that began it, so
/// that another replica can send the rest. Used by one thread at a time.
/// </summary>
internal sealed class IncomingChunk : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ChunkStore _store;
    private FileStream? _file;

    private IncomingChunk(ChunkStore store, Chunk chunk, FileStream file) => (_store, Chunk, _file) = (store, chunk, file);

    public Chunk Chunk { get; }

    public int ReceivedBytes { get; private set; }

    public int MissingBytes => Chunk.LengthBytes - ReceivedBytes;

    /// <summary>Whose bytes these are. A wrong digest convicts only a single contributor.</summary>
    public HashSet<string> Contributors { get; } = [];

    /// <summary>Claims the memory first.</summary>
    /// <exception cref="IOException">No more files or memory.</exception>
    public static async ValueTask<IncomingChunk> BeginAsync(ChunkStore store, Chunk chunk, CancellationToken cancellationToken)
    {
        await store.ReserveAsync(chunk.LengthBytes, cancellationToken);
        try
        {
            return new IncomingChunk(store, chunk, AnonymousFile.Create());
        }
        catch
        {
            store.Release(chunk.LengthBytes);
            throw;
        }
    }

    /// <param name="piece">At most <see cref="MissingBytes"/>.</param>
    /// <exception cref="IOException">No memory.</exception>
    public void Append(ReadOnlySpan<byte> piece)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(piece.Length, MissingBytes);
        ObjectDisposedException.ThrowIf(_file is null, this);
        _hash.AppendData(piece);
        RandomAccess.Write(_file.SafeFileHandle, piece, ReceivedBytes);
        ReceivedBytes += piece.Length;
    }

    /// <summary>What the bytes hash to; all must be here.</summary>
    public Sha256Digest Finish()
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(MissingBytes, 0);
        Span<byte> digest = stackalloc byte[Sha256Digest.SizeBytes];
        _hash.GetHashAndReset(digest);
        return new Sha256Digest(digest);
    }

    /// <summary>Only after <see cref="Finish"/> gave the right digest.</summary>
    /// <returns>False if another was faster.</returns>
    public bool Publish()
    {
        FileStream file = _file ?? throw new ObjectDisposedException(nameof(IncomingChunk));
        _file = null;
        return _store.Publish(Chunk, file);
    }

    public void Dispose()
    {
        _hash.Dispose();
        if (_file is { } file)
        {
            _file = null;
            file.Dispose();
            _store.Release(Chunk.LengthBytes);
        }
    }
}
