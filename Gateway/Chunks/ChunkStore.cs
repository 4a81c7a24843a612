using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// The chunks that are here or on their way, each once, within a number of bytes.
/// </summary>
/// <remarks>
/// Who asks first for a chunk fetches it (<see cref="UseOrBegin"/>); all others wait for the same arrival. A chunk with users stays:
/// waiters count as users from the moment they wait, so a chunk that arrives is always there for those who waited, however small the store
/// is. Memory is claimed before a byte is fetched (<see cref="ReserveAsync"/>), in the order of asking, and found by eviction
/// (<see cref="SieveQueue{T}"/>).
/// A client that draws slowly holds no chunk: loans that last as long as a client likes are limited to a quarter of the store
/// (<see cref="TryLend"/>), beyond which bytes are copied out instead.
/// </remarks>
internal sealed class ChunkStore(ChunkStoreOptions options, ChunkCounters counters) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ChunkKey, Chunk> _chunks = [];
    private readonly SieveQueue<Chunk> _ready = new();
    private readonly Queue<Claim> _claims = [];
    private readonly ReadAheadPressure _pressure = new();
    private long _usedBytes;
    private long _lentBytes;

    /// <summary>The largest chunk that may be begun.</summary>
    public long MaxChunkBytes => options.MemoryBytes / 2;

    public long CapacityBytes => options.MemoryBytes;

    /// <summary>Of chunks here and being fetched.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return _usedBytes;
            }
        }
    }

    /// <summary>Whether chunks wait for memory, every byte being in use.</summary>
    public bool HasClaims
    {
        get
        {
            lock (_gate)
            {
                return _claims.Count > 0;
            }
        }
    }

    /// <summary>0 to 4: each step halves what is worth reading ahead.</summary>
    public int Pressure => _pressure.Level;

    /// <summary>Uses the chunk, ready or not; the caller gives it back (<see cref="Return"/>).</summary>
    /// <param name="key">Not longer than <see cref="MaxChunkBytes"/>.</param>
    /// <param name="isMine">The caller has to see to it that the chunk is published or failed.</param>
    public Chunk UseOrBegin(ChunkKey key, out bool isMine)
    {
        lock (_gate)
        {
            isMine = !_chunks.TryGetValue(key, out Chunk? chunk);
            if (chunk is null)
            {
                chunk = new Chunk(key);
                _chunks.Add(key, chunk);
                counters.Miss();
            }
            else if (chunk.Place is { } place)
            {
                place.IsVisited = true;
                counters.Hit();
            }
            else
            {
                counters.Shared();
            }

            chunk.Users++;
            chunk.WasUsed = true;
            return chunk;
        }
    }

    /// <summary>Begins a chunk that nobody has asked for yet; not used by the caller, who fetches it.</summary>
    public bool TryBegin(ChunkKey key, [NotNullWhen(true)] out Chunk? begun)
    {
        lock (_gate)
        {
            begun = _chunks.ContainsKey(key) ? null : new Chunk(key);
            if (begun is not null)
            {
                _chunks.Add(key, begun);
            }

            return begun is not null;
        }
    }

    /// <summary>Uses a chunk only if it is ready, without counting as demand.</summary>
    public bool TryUse(ChunkKey key, [NotNullWhen(true)] out Chunk? chunk)
    {
        lock (_gate)
        {
            if (!_chunks.TryGetValue(key, out chunk) || chunk.Place is null)
            {
                chunk = null;
                return false;
            }

            chunk.Users++;
            return true;
        }
    }

    public void Return(Chunk chunk)
    {
        List<FileStream>? evicted = null;
        lock (_gate)
        {
            if (--chunk.Users == 0 && _claims.Count > 0)
            {
                evicted = Admit();
            }
        }

        Close(evicted);
    }

    /// <summary>Makes a verified chunk visible; the caller's reservation of its length becomes the chunk's.</summary>
    /// <returns>False if it was settled before: the file is closed and the reservation released.</returns>
    public bool Publish(Chunk chunk, FileStream file)
    {
        lock (_gate)
        {
            if (!chunk.IsSettled && _chunks.TryGetValue(chunk.Key, out Chunk? current) && current == chunk && chunk.Place is null)
            {
                chunk.SetFile(file);
                chunk.Place = _ready.Add(chunk);
                file = null!;
            }
        }

        if (file is not null)
        {
            file.Dispose();
            Release(chunk.LengthBytes);
            return false;
        }

        chunk.Settle(ChunkArrival.Ready);
        return true;
    }

    /// <summary>Takes out a chunk that did not come, and tells those who wait; nothing if it was settled before.</summary>
    public void Fail(Chunk chunk, ChunkArrival arrival, string? problem)
    {
        lock (_gate)
        {
            if (chunk.Place is not null || chunk.IsSettled)
            {
                return;
            }

            _chunks.Remove(chunk.Key);
            chunk.SetProblem(problem);
        }

        chunk.Settle(arrival);
    }

    /// <summary>Abandons a chunk unless someone uses it.</summary>
    public bool TryAbandon(Chunk chunk)
    {
        lock (_gate)
        {
            if (chunk.Users > 0 || chunk.Place is not null || chunk.IsSettled)
            {
                return false;
            }

            _chunks.Remove(chunk.Key);
        }

        chunk.Settle(ChunkArrival.Abandoned);
        return true;
    }

    /// <summary>Claims memory for a chunk, evicting others; waits in turn while every byte is in use.</summary>
    public async ValueTask ReserveAsync(int lengthBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, MaxChunkBytes);
        List<FileStream>? evicted = null;
        Claim? claim = null;
        lock (_gate)
        {
            if (_claims.Count > 0 || !TryMakeRoom(lengthBytes, ref evicted))
            {
                claim = new Claim(lengthBytes);
                _claims.Enqueue(claim);
            }
        }

        Close(evicted);
        if (claim is not null)
        {
            counters.ClaimWaited();
            using (cancellationToken.UnsafeRegister(static (state, token) => ((Claim)state!).Granted.TrySetCanceled(token), claim))
            {
                await claim.Granted.Task;
            }
        }
    }

    public void Release(int lengthBytes)
    {
        List<FileStream>? evicted;
        lock (_gate)
        {
            _usedBytes -= lengthBytes;
            evicted = Admit();
        }

        Close(evicted);
    }

    /// <summary>Whether bytes may be lent for as long as a client takes; ended by <see cref="EndLoan"/>.</summary>
    public bool TryLend(int countBytes)
    {
        if (Interlocked.Add(ref _lentBytes, countBytes) <= options.MemoryBytes / 4)
        {
            return true;
        }

        Interlocked.Add(ref _lentBytes, -countBytes);
        return false;
    }

    public void EndLoan(int countBytes) => Interlocked.Add(ref _lentBytes, -countBytes);

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Chunk chunk in _chunks.Values)
            {
                chunk.File?.Dispose();
            }

            _chunks.Clear();
        }
    }

    private List<FileStream>? Admit()
    {
        List<FileStream>? evicted = null;
        while (_claims.TryPeek(out Claim? first))
        {
            if (first.Granted.Task.IsCompleted)
            {
                _claims.Dequeue(); // It was cancelled.
                continue;
            }

            if (!TryMakeRoom(first.LengthBytes, ref evicted))
            {
                break;
            }

            _claims.Dequeue();
            if (!first.Granted.TrySetResult())
            {
                _usedBytes -= first.LengthBytes;
            }
        }

        return evicted;
    }

    private bool TryMakeRoom(int lengthBytes, ref List<FileStream>? evicted)
    {
        while (_usedBytes + lengthBytes > options.MemoryBytes)
        {
            if (!_ready.TryEvict(static chunk => chunk.Users == 0, out Chunk? victim))
            {
                return false;
            }

            _chunks.Remove(victim!.Key);
            _usedBytes -= victim.LengthBytes;
            (evicted ??= []).Add(victim.File!);
            counters.Evicted();
            _pressure.Evicted(victim.WasUsed);
        }

        _usedBytes += lengthBytes;
        return true;
    }

    private static void Close(List<FileStream>? files)
    {
        foreach (FileStream file in files ?? [])
        {
            file.Dispose(); // Outside the lock: giving back the pages of a chunk takes tens of microseconds.
        }
    }
}
