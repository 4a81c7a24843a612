namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Consecutive chunks that one connection fetches. Another connection may take over the end of it, or all of it; from that moment on not
/// one more byte of those chunks is written by this one, which is why each write is made under the run's lock.
/// </summary>
internal sealed class ChunkRun(ProviderSession owner, int first, int end, long startedAt)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _revoked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _next = first;
    private int _end = end;
    private long _bytes;

    public ProviderSession Owner { get; } = owner;

    public int First { get; } = first;

    /// <summary>The end as it was when the run was made; a request covers the chunks up to here.</summary>
    public int RequestedEnd { get; } = end;

    public long StartedAt { get; } = startedAt;

    /// <summary>Completes when nothing of the run is left to its owner.</summary>
    public Task Revoked => _revoked.Task;

    public bool IsRevoked => _revoked.Task.IsCompleted;

    public int Next
    {
        get
        {
            lock (_gate)
            {
                return _next;
            }
        }
    }

    public int End
    {
        get
        {
            lock (_gate)
            {
                return _end;
            }
        }
    }

    /// <summary>Bytes received, whether or not their chunk is verified yet.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public double BytesPerSecond(TimeProvider time) => Bytes / Math.Max(time.GetElapsedTime(StartedAt).TotalSeconds, 0.001);

    /// <returns>False, and nothing is written: the chunk is another connection's by now.</returns>
    public bool TryWrite(int chunk, Storage.ArtifactSlot slot, long position, ReadOnlySpan<byte> piece)
    {
        Interlocked.Add(ref _bytes, piece.Length);
        lock (_gate)
        {
            if (chunk >= _end)
            {
                return false;
            }

            slot.Write(piece, position);
            return true;
        }
    }

    /// <returns>False: the chunk was taken over before it was verified here.</returns>
    public bool TryFinish(int chunk)
    {
        lock (_gate)
        {
            if (chunk != _next || chunk >= _end)
            {
                return false;
            }

            _next++;
            return true;
        }
    }

    /// <summary>Shortens the run; when its owner works on a chunk that is cut off, the owner's request is pointless from now on.</summary>
    /// <returns>The range that is free now; empty when the owner has finished it in the meantime.</returns>
    public (int Start, int End) CutAt(int chunk)
    {
        lock (_gate)
        {
            int start = Math.Max(chunk, _next);
            (int Start, int End) cut = (start, Math.Max(start, _end));
            _end = Math.Min(_end, start);
            if (_next >= _end && cut.Start < cut.End)
            {
                _revoked.TrySetResult();
            }

            return cut;
        }
    }
}
