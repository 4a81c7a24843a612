using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Which chunks are verified, being fetched, or free. Runs are long at first and shorter towards the end, in proportion to each
/// provider's rate (guided self-scheduling), so few requests are made and all connections end at about the same time. Locks are taken
/// in the order board, run.
/// </summary>
internal sealed class ChunkBoard(ChunkTable chunks, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly SortedSet<int> _free = [.. Enumerable.Range(0, chunks.Count)];
    private readonly List<ChunkRun> _runs = [];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _verified;
    private long _verifiedBytes;
    private long _lastProgress = time.GetTimestamp();

    public Task Completion => _complete.Task;

    public bool IsComplete => _complete.Task.IsCompleted;

    public TimeSpan SinceProgress => time.GetElapsedTime(Interlocked.Read(ref _lastProgress));

    /// <summary>Verified bytes and those on their way to it, for the progress bar.</summary>
    public long ShownBytes
    {
        get
        {
            lock (_gate)
            {
                long pending = 0;
                foreach (ChunkRun run in _runs)
                {
                    pending += Math.Clamp(run.Bytes - ((long)(run.Next - run.First) * chunks.ChunkSizeBytes), 0, chunks.ChunkSizeBytes);
                }

                return _verifiedBytes + pending;
            }
        }
    }

    public void NoteProgress() => Interlocked.Exchange(ref _lastProgress, time.GetTimestamp());

    public bool HasRuns
    {
        get
        {
            lock (_gate)
            {
                return _runs.Count > 0;
            }
        }
    }

    /// <param name="part">The part of the free chunks to take, above 0 to 1; at least one chunk is taken.</param>
    public ChunkRun? Take(ProviderSession session, double part)
    {
        lock (_gate)
        {
            if (_free.Count == 0)
            {
                return null;
            }

            int wanted = Math.Max(1, (int)(_free.Count * part));
            int first = _free.Min;
            int end = first;
            while (end - first < wanted && _free.Remove(end))
            {
                end++;
            }

            return Start(session, first, end);
        }
    }

    /// <summary>Takes work away from the connection that would need longest for what it has left.</summary>
    /// <param name="slow">The connection whose chunk in progress was taken away, because it crawls; null when only later chunks
    /// were.</param>
    public ChunkRun? TakeOver(ProviderSession session, out ProviderSession? slow)
    {
        slow = null;
        lock (_gate)
        {
            ChunkRun? victim = null;
            double longest = 0;
            foreach (ChunkRun run in _runs)
            {
                double needed = SecondsLeft(run);
                if (run.Owner != session && needed > longest)
                {
                    (victim, longest) = (run, needed);
                }
            }

            if (victim is null || CutFor(session, victim, longest) is not { } cut)
            {
                return null;
            }

            (int start, int end) = victim.CutAt(cut);
            if (start >= end)
            {
                return null;
            }

            if (victim.IsRevoked)
            {
                slow = victim.Owner;
                slow.NoteRate(victim.BytesPerSecond(time));
            }

            return Start(session, start, end);
        }
    }

    public void Finish(ChunkRun run, int chunk)
    {
        lock (_gate)
        {
            if (!run.TryFinish(chunk))
            {
                return;
            }

            _verified++;
            _verifiedBytes += chunks.RangeOf(chunk).LengthBytes;
            NoteProgress();
            if (_verified == chunks.Count)
            {
                _complete.TrySetResult();
            }
        }
    }

    /// <summary>The connection is done with the run; what it didn't finish is free again.</summary>
    public void Return(ChunkRun run)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _runs.Remove(run);
            (int start, int end) = run.CutAt(run.Next);
            _free.UnionWith(Enumerable.Range(start, end - start));
            if (start == end)
            {
                return;
            }

            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.TrySetResult();
    }

    /// <summary>Until chunks are free again, the work is done, or it is time to look at the others' progress.</summary>
    public async Task WaitForWorkAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_gate)
        {
            changed = _changed.Task;
        }

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(changed, Completion, Task.Delay(longest, time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private ChunkRun Start(ProviderSession session, int first, int end)
    {
        ChunkRun run = new(session, first, end, time.GetTimestamp());
        _runs.Add(run);
        return run;
    }

    private double SecondsLeft(ChunkRun run)
    {
        long bytes = ((long)(run.End - run.First) * chunks.ChunkSizeBytes) - run.Bytes;
        return Math.Max(bytes, 0) / Math.Max(run.BytesPerSecond(time), 1);
    }

    /// <returns>The first chunk to take away; null when the victim is better left alone.</returns>
    private int? CutFor(ProviderSession session, ChunkRun victim, double secondsLeft)
    {
        const double WorthASecondRequest = 0.25;
        const double LongEnoughToJudge = 0.5;
        const double MuchSlower = 8;
        int left = victim.End - victim.Next;
        double victimRate = victim.BytesPerSecond(time);
        double ownRate = session.BytesPerSecond;
        bool isNoHelp = ownRate > 0 && ownRate * MuchSlower < victimRate;
        if (left <= 0 || secondsLeft < WorthASecondRequest || isNoHelp)
        {
            return null;
        }

        if (left > 1)
        {
            double share = ownRate <= 0 ? 0.5 : ownRate / (ownRate + victimRate);
            return victim.End - Math.Clamp((int)(left * share), 1, left - 1);
        }

        // The chunk it is at: only from one that crawls, since what it has of the chunk is lost.
        double ownSeconds = ownRate <= 0 ? 1 : chunks.ChunkSizeBytes / ownRate;
        bool crawls = secondsLeft > (2 * ownSeconds) + LongEnoughToJudge;
        return crawls && time.GetElapsedTime(victim.StartedAt).TotalSeconds >= LongEnoughToJudge ? victim.Next : null;
    }
}
