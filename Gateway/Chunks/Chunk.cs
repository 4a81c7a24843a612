namespace PhaseMesh.Gateway.Chunks;

internal enum ChunkArrival
{
    /// <summary>Verified; <see cref="Chunk.File"/> holds it.</summary>
    Ready,

    /// <summary>No replica gave it; <see cref="Chunk.Problem"/> says why.</summary>
    Failed,

    /// <summary>Whoever wanted it went away; who wants it now begins anew.</summary>
    Abandoned,
}

/// <summary>A chunk that is being fetched or is here. Its bytes can be seen only after they were verified, and never change then.</summary>
internal sealed class Chunk(ChunkKey key)
{
    private readonly TaskCompletionSource<ChunkArrival> _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _users;
    private int _hedged;

    public ChunkKey Key { get; } = key;

    public int LengthBytes => Key.LengthBytes;

    /// <summary>Ends, never by a fault, when the chunk is ready or will not be.</summary>
    public Task<ChunkArrival> Arrival => _arrival.Task;

    public bool IsSettled => _arrival.Task.IsCompleted;

    /// <summary>The verified bytes, from offset 0. Valid while <see cref="ChunkArrival.Ready"/> and used.</summary>
    public FileStream? File { get; private set; }

    public string? Problem { get; private set; }

    /// <summary>Who waits for it or reads it; it is not evicted meanwhile. Changed under the store's lock only.</summary>
    public int Users
    {
        get => Volatile.Read(ref _users);
        internal set => Volatile.Write(ref _users, value);
    }

    /// <summary>Set under the store's lock.</summary>
    internal SieveQueue<Chunk>.Entry? Place { get; set; }

    /// <summary>Set under the store's lock: someone has had it since it came.</summary>
    internal bool WasUsed { get; set; }

    /// <summary>What fetches it, told when another was faster.</summary>
    internal IChunkFetch? Fetch { get; set; }

    internal IChunkFetch? Hedge { get; set; }

    /// <returns>True once.</returns>
    public bool TryClaimHedge() => Interlocked.Exchange(ref _hedged, 1) == 0;

    internal void SetFile(FileStream file) => File = file;

    internal void SetProblem(string? problem) => Problem = problem;

    internal void Settle(ChunkArrival arrival) => _arrival.TrySetResult(arrival);
}

/// <summary>A fetch that another may overtake.</summary>
internal interface IChunkFetch
{
    /// <summary>The chunk is here by another's work. Must not block.</summary>
    void Overtaken(Chunk chunk);
}
