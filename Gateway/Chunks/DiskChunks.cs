using System.Globalization;
using System.Threading.Channels;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// Verified chunks on disk, by digest: what memory has evicted and what outlives a restart, within a number of bytes.
/// </summary>
/// <remarks>
/// The disk is treated as one more replica that may lie. Nothing is ever sent from it: a chunk is read into memory and hashed as if it had
/// come from the network, and is deleted where it does not match. So no journal and no fsync are needed: a file torn by kill -9 or a power
/// cut, a bit flipped while the gateway was down or while it runs, a file that someone put there, all cost one fetch from a replica.
/// Layout: <c>DIRECTORY/ab/abcdef....LENGTH</c>, written beside and renamed. A full or failing disk is left alone for a while; memory goes
/// on.
/// </remarks>
internal sealed partial class DiskChunks : IAsyncDisposable
{
    private const int QueuedWrites = 256;
    private const string Unfinished = ".part";

    private readonly ChunkStoreOptions _options;
    private readonly ChunkStore _store;
    private readonly ChunkCounters _counters;
    private readonly TimeProvider _clock;
    private readonly ILogger<DiskChunks> _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<ChunkKey, SieveQueue<ChunkKey>.Entry> _held = [];
    private readonly SieveQueue<ChunkKey> _queue = new();
    private readonly Channel<ChunkKey> _writes = Channel.CreateBounded<ChunkKey>(
        new BoundedChannelOptions(QueuedWrites) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Task _writing;
    private long _heldBytes;
    private long _pausedUntil = long.MinValue;

    public DiskChunks(ChunkStoreOptions options, ChunkStore store, ChunkCounters counters, TimeProvider clock, ILogger<DiskChunks> log)
    {
        (_options, _store, _counters, _clock, _log) = (options, store, counters, clock, log);
        if (options.Directory is not null)
        {
            Scan(options.Directory);
        }

        _writing = options.Directory is null ? Task.CompletedTask : Task.Run(WriteAsync);
    }

    /// <summary>Bytes of chunks on disk.</summary>
    public long HeldBytes
    {
        get
        {
            lock (_gate)
            {
                return _heldBytes;
            }
        }
    }

    public bool Has(ChunkKey key)
    {
        if (_options.Directory is null)
        {
            return false;
        }

        lock (_gate)
        {
            return _held.ContainsKey(key);
        }
    }

    /// <summary>Keeps a chunk that is ready, if the disk keeps up; never waits.</summary>
    public void Offer(ChunkKey key)
    {
        if (_options.Directory is not null && !Has(key))
        {
            _writes.Writer.TryWrite(key);
        }
    }

    /// <summary>Reads and verifies a chunk, and publishes it.</summary>
    /// <returns>False when the disk does not have it after all, or something else under its name, which is deleted.</returns>
    public async Task<bool> TryLoadAsync(Chunk chunk, PieceBuffers buffers, CancellationToken cancellationToken)
    {
        string path = PathOf(chunk.Key);
        byte[] buffer = await buffers.RentAsync(cancellationToken);
        try
        {
            using IncomingChunk incoming = await IncomingChunk.BeginAsync(_store, chunk, cancellationToken);
            using FileStream file = new(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
            if (file.Length == chunk.LengthBytes)
            {
                while (incoming.MissingBytes > 0)
                {
                    int read = RandomAccess.Read(
                        file.SafeFileHandle, buffer.AsSpan(0, Math.Min(buffer.Length, incoming.MissingBytes)), incoming.ReceivedBytes);
                    if (read == 0)
                    {
                        break;
                    }

                    incoming.Append(buffer.AsSpan(0, read));
                }
            }

            if (incoming.MissingBytes == 0 && incoming.Finish() is { } found && found == chunk.Key.Digest)
            {
                _counters.DiskRead(chunk.LengthBytes);
                incoming.Publish();
                return true;
            }

            _counters.DiskRefusedOne();
            LogRefused(path, file.Length, chunk.LengthBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(path, e.Message);
        }
        finally
        {
            buffers.Return(buffer);
        }

        Forget(chunk.Key);
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writing;
    }

    private void Scan(string directory)
    {
        try
        {
            System.IO.Directory.CreateDirectory(directory);
            foreach (string path in System.IO.Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
            {
                if (TryReadName(Path.GetFileName(path), out ChunkKey key) && path == PathOf(key))
                {
                    _held.Add(key, _queue.Add(key));
                    _heldBytes += key.LengthBytes;
                }
                else if (path.EndsWith(Unfinished, StringComparison.Ordinal))
                {
                    File.Delete(path);
                }
            }

            lock (_gate)
            {
                Trim(0);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Pause(e);
        }
    }

    private async Task WriteAsync()
    {
        await foreach (ChunkKey key in _writes.Reader.ReadAllAsync())
        {
            if (Has(key) || _clock.GetTimestamp() < Volatile.Read(ref _pausedUntil) || key.LengthBytes > _options.DiskBytes
                || !_store.TryUse(key, out Chunk? chunk))
            {
                continue;
            }

            string path = PathOf(key);
            try
            {
                System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                lock (_gate)
                {
                    Trim(key.LengthBytes);
                }

                Copy(chunk, path + Unfinished);
                File.Move(path + Unfinished, path, overwrite: true);
                lock (_gate)
                {
                    _held.Add(key, _queue.Add(key));
                    _heldBytes += key.LengthBytes;
                }

                _counters.DiskWritten(key.LengthBytes);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Pause(e);
                Delete(path + Unfinished);
            }
            finally
            {
                _store.Return(chunk);
            }
        }
    }

    private static void Copy(Chunk chunk, string path)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(Math.Min(PieceBuffers.SizeBytes, chunk.LengthBytes));
        using FileStream target = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        for (int offset = 0; offset < chunk.LengthBytes;)
        {
            int read = RandomAccess.Read(chunk.File!.SafeFileHandle, buffer, offset);
            target.Write(buffer, 0, read);
            offset += read;
        }
    }

    /// <summary>Makes room for so many bytes more. Under the lock.</summary>
    private void Trim(int moreBytes)
    {
        while (_heldBytes + moreBytes > _options.DiskBytes && _queue.TryEvict(static _ => true, out ChunkKey victim))
        {
            _held.Remove(victim);
            _heldBytes -= victim.LengthBytes;
            Delete(PathOf(victim));
        }
    }

    private void Forget(ChunkKey key)
    {
        lock (_gate)
        {
            if (_held.Remove(key, out SieveQueue<ChunkKey>.Entry? entry))
            {
                _queue.Remove(entry);
                _heldBytes -= key.LengthBytes;
            }
        }

        Delete(PathOf(key));
    }

    private void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(path, e.Message);
        }
    }

    private void Pause(Exception e)
    {
        Volatile.Write(ref _pausedUntil, _clock.GetTimestamp() + (long)(_options.DiskPause.TotalSeconds * _clock.TimestampFrequency));
        LogDiskFailed(_options.Directory!, e.Message, _options.DiskPause);
    }

    private string PathOf(ChunkKey key)
    {
        string hex = key.Digest.ToHex();
        return Path.Combine(_options.Directory!, hex[..2], string.Create(CultureInfo.InvariantCulture, $"{hex}.{key.LengthBytes}"));
    }

    private static bool TryReadName(string name, out ChunkKey key)
    {
        key = default;
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !Sha256Digest.TryParseHex(name.AsSpan(0, dot), out Sha256Digest digest)
            || !int.TryParse(name.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length < 1)
        {
            return false;
        }

        key = new ChunkKey(digest, length);
        return true;
    }

    [LoggerMessage(5301, LogLevel.Warning,
        "{Path} ({FoundBytes} bytes, {ExpectedBytes} expected) is not the chunk its name says; it is deleted and fetched again")]
    private partial void LogRefused(string path, long foundBytes, int expectedBytes);

    [LoggerMessage(5302, LogLevel.Warning, "{Path} could not be read or deleted: {Reason}; the chunk is fetched again")]
    private partial void LogUnreadable(string path, string reason);

    [LoggerMessage(5303, LogLevel.Warning,
        "The chunk cache {Directory} could not be written: {Reason}. Serving goes on from memory; tried again after {Pause}")]
    private partial void LogDiskFailed(string directory, string reason, TimeSpan pause);
}
