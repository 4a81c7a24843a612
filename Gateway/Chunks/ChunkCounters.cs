using PhaseMesh.Gateway.Routing;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>What chunks cost and saved since the start; bytes unless named otherwise.</summary>
internal sealed class ChunkCounters
{
    private readonly long[] _faults = new long[Enum.GetValues<ReplicaFault>().Length];
    private long _hits;
    private long _misses;
    private long _shared;
    private long _evictions;
    private long _claimWaits;
    private long _upstreamBytes;
    private long _upstreamRequests;
    private long _verifiedBytes;
    private long _duplicateBytes;
    private long _discardedBytes;
    private long _hedgesStarted;
    private long _hedgesWon;
    private long _diskReadBytes;
    private long _diskWrittenBytes;
    private long _diskRefused;
    private long _wrongChunks;

    /// <summary>Uses of chunks that were here.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Uses that began a fetch.</summary>
    public long Misses => Volatile.Read(ref _misses);

    /// <summary>Uses that rode a fetch under way.</summary>
    public long SharedFetches => Volatile.Read(ref _shared);

    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>Chunks that had to wait for memory.</summary>
    public long ClaimWaits => Volatile.Read(ref _claimWaits);

    /// <summary>Body bytes read from replicas.</summary>
    public long UpstreamBytes => Volatile.Read(ref _upstreamBytes);

    public long UpstreamRequests => Volatile.Read(ref _upstreamRequests);

    /// <summary>Bytes of chunks that matched their digest.</summary>
    public long VerifiedBytes => Volatile.Read(ref _verifiedBytes);

    /// <summary>Read for nothing because a hedge and its original both fetched.</summary>
    public long DuplicateBytes => Volatile.Read(ref _duplicateBytes);

    /// <summary>Read for nothing because a replica failed or lied.</summary>
    public long DiscardedBytes => Volatile.Read(ref _discardedBytes);

    public long HedgesStarted => Volatile.Read(ref _hedgesStarted);

    public long HedgesWon => Volatile.Read(ref _hedgesWon);

    public long DiskReadBytes => Volatile.Read(ref _diskReadBytes);

    public long DiskWrittenBytes => Volatile.Read(ref _diskWrittenBytes);

    /// <summary>Chunks on disk that were not what their name says.</summary>
    public long DiskRefused => Volatile.Read(ref _diskRefused);

    /// <summary>Transfers that ended by a replica's fault.</summary>
    public long Faults => _faults.Sum();

    public long FaultsOf(ReplicaFault fault) => Volatile.Read(ref _faults[(int)fault]);

    /// <summary>Chunks from replicas that did not match their digest.</summary>
    public long WrongChunks => Volatile.Read(ref _wrongChunks);

    public void Hit() => Interlocked.Increment(ref _hits);

    public void Miss() => Interlocked.Increment(ref _misses);

    public void Shared() => Interlocked.Increment(ref _shared);

    public void Evicted() => Interlocked.Increment(ref _evictions);

    public void ClaimWaited() => Interlocked.Increment(ref _claimWaits);

    public void Requested() => Interlocked.Increment(ref _upstreamRequests);

    public void Read(int countBytes) => Interlocked.Add(ref _upstreamBytes, countBytes);

    public void Verified(int countBytes) => Interlocked.Add(ref _verifiedBytes, countBytes);

    public void Duplicated(long countBytes) => Interlocked.Add(ref _duplicateBytes, countBytes);

    public void Discarded(long countBytes) => Interlocked.Add(ref _discardedBytes, countBytes);

    public void Hedged() => Interlocked.Increment(ref _hedgesStarted);

    public void HedgeWon() => Interlocked.Increment(ref _hedgesWon);

    public void DiskRead(int countBytes) => Interlocked.Add(ref _diskReadBytes, countBytes);

    public void DiskWritten(int countBytes) => Interlocked.Add(ref _diskWrittenBytes, countBytes);

    public void DiskRefusedOne() => Interlocked.Increment(ref _diskRefused);

    public void Faulted(ReplicaFault fault) => Interlocked.Increment(ref _faults[(int)fault]);

    public void WrongChunk() => Interlocked.Increment(ref _wrongChunks);
}
