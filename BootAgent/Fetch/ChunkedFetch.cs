using PhaseMesh.BootAgent.Storage;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Fetches an artifact that has chunk digests from all providers side by side.
/// 1. Each connection takes a run of free chunks and asks for them with one request.
/// 2. Chunks are hashed and stored while the next bytes arrive; each counts when its digest is right.
/// 3. What a connection leaves unfinished, for whatever reason, is free again for any other.
/// 4. A connection with nothing to do takes over the end of the slowest one's run, or all of it from one that crawls.
/// 5. It fails when no provider is left, nothing arrives for the no-progress limit, or the artifact's time limit is over.
/// </summary>
internal sealed class ChunkedFetch
{
    /// <summary>
    /// To a single provider: one's bytes arrive while the other's are hashed, which needs a second processor to gain anything.
    /// </summary>
    private readonly int _connectionsToOne = Math.Min(2, Environment.ProcessorCount);
    private readonly FetchContext _context;
    private readonly ArtifactSlot _slot;
    private readonly ChunkTable _chunks;
    private readonly ChunkBoard _board;
    private readonly FaultCourt _court;

    public ChunkedFetch(FetchContext context, ArtifactSlot slot, ChunkTable chunks)
    {
        (_context, _slot, _chunks) = (context, slot, chunks);
        _board = new ChunkBoard(chunks, context.Time);
        _court = new FaultCourt(context, slot.Artifact);
    }

    public long DoneBytes => _board.ShownBytes;

    /// <exception cref="BootFailedException">Not every chunk could be had.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        long started = _context.Time.GetTimestamp();
        TimeSpan limit = _context.Limits.TimeLimitFor(_slot.Artifact.SizeBytes);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using SemaphoreSlim connections = new(_context.Limits.MaxConnections);
        List<ProviderSession> usable = [.. _context.Sessions.Where(_court.IsUsable)];
        int perProvider = usable.Count == 1 ? _connectionsToOne : 1;
        Task workers = Task.WhenAll(
            usable.SelectMany(session => Enumerable.Range(0, perProvider).Select(_ => GuardedWorkAsync(session, connections, stop))));
        string? broken = null;
        try
        {
            while (!_board.IsComplete && !workers.IsCompleted && broken is null)
            {
                using CancellationTokenSource tick = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(workers, _board.Completion, Task.Delay(_context.Limits.TakeoverInterval, _context.Time, tick.Token));
                await tick.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
                broken = _board.SinceProgress > _context.Limits.NoProgressLimit && !_court.IsWaiting
                    ? $"nothing of use in {_context.Limits.NoProgressLimit.TotalSeconds:0.#} s"
                    : _context.Time.GetElapsedTime(started) - _court.BusyTime > limit
                        ? $"not within its time limit of {limit.TotalSeconds:0} s"
                        : null;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await workers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!_board.IsComplete)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Not the providers' fault: let it be seen.
            if (workers.IsFaulted)
            {
                await workers;
            }

            throw _court.Failed(broken);
        }
    }

    /// <summary>A worker that fails for another reason than its provider, such as a full disk, ends the whole download.</summary>
    private async Task GuardedWorkAsync(ProviderSession session, SemaphoreSlim connections, CancellationTokenSource stop)
    {
        try
        {
            await WorkAsync(session, connections, stop.Token);
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task WorkAsync(ProviderSession session, SemaphoreSlim connections, CancellationToken cancellationToken)
    {
        await connections.WaitAsync(cancellationToken);
        try
        {
            PiecePump pump = new();
            while (!_board.IsComplete && _court.IsUsable(session))
            {
                ChunkRun? run = _board.Take(session, PartFor(session));
                if (run is null)
                {
                    run = _board.TakeOver(session, out ProviderSession? slow);
                    if (slow is not null)
                    {
                        _context.Console.Warn(
                            $"{slow.Provider} is slow; {session.Provider} takes over what it has left of {_slot.Artifact.Kind.Name()}");
                    }
                }

                if (run is null)
                {
                    await _board.WaitForWorkAsync(_context.Limits.TakeoverInterval, cancellationToken);
                    continue;
                }

                FetchFault? fault;
                try
                {
                    fault = await FetchAsync(session, run, pump, cancellationToken);
                }
                finally
                {
                    _board.Return(run);
                }

                if (fault is not null && !_board.IsComplete)
                {
                    await Task.Delay(_court.Judge(session, fault), _context.Time, cancellationToken);
                    if (_court.IsPatientWith(fault))
                    {
                        _board.NoteProgress(); // The wait was no silence.
                    }
                }
            }
        }
        finally
        {
            connections.Release();
        }
    }

    /// <returns>Null when the run is finished or was taken over.</returns>
    private async Task<FetchFault?> FetchAsync(ProviderSession session, ChunkRun run, PiecePump pump, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using ProgressWatch watch = new(_context.Limits, _context.Time, _board.NoteProgress, stop.Token);
        Task revoked = CancelWhenAsync(run.Revoked, stop);
        try
        {
            long from = _chunks.RangeOf(run.First).Offset;
            (long lastOffset, int lastLength) = _chunks.RangeOf(run.RequestedEnd - 1);
            long end = lastOffset + lastLength;
            _context.Console.Debug($"{session.Provider}: {_slot.Artifact.Kind.Name()} chunks {run.First}-{run.RequestedEnd - 1}");
            _context.Trace?.Started(session);
            (ArtifactBody? body, FetchFault? fault) = await ArtifactBody.OpenAsync(
                _context, session.LocationOf(_slot.Artifact), _slot.Artifact, from, end, watch);
            if (body is null)
            {
                return fault;
            }

            await using (body)
            {
                using ChunkSink sink = new(_chunks, _slot, _board, run, _context.Time);
                fault = await pump.RunAsync(body, from, sink, watch);
                if (fault is not { Kind: FaultKind.TooManyBytes })
                {
                    return fault;
                }

                // Every chunk before the surplus was right, and the surplus goes nowhere: there is nothing to refuse.
                _context.Console.Debug($"{session.Provider} {fault.Detail}; those are dropped");
                return null;
            }
        }
        catch (OperationCanceledException) when (watch.HasStalled)
        {
            return watch.Fault;
        }
        catch (OperationCanceledException) when (run.IsRevoked && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception error) when (NetworkFaults.IsNetwork(error))
        {
            return NetworkFaults.From(error);
        }
        finally
        {
            await stop.CancelAsync();
            await revoked;
        }
    }

    private static async Task CancelWhenAsync(Task happened, CancellationTokenSource cancel)
    {
        await happened.WaitAsync(cancel.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await cancel.CancelAsync();
    }

    /// <summary>
    /// A single provider gets one request a connection. Several get half of their fair share of what is free (the rest is for whoever
    /// turns out to be faster): by rate, where rates are known; one that has delivered nothing yet counts as the average.
    /// </summary>
    private double PartFor(ProviderSession session)
    {
        List<ProviderSession> usable = [.. _context.Sessions.Where(_court.IsUsable)];
        if (usable.Count <= 1)
        {
            bool isFirstOfTwo = _connectionsToOne > 1 && !_board.HasRuns && !session.LocationOf(_slot.Artifact).IgnoresRanges;
            return isFirstOfTwo ? 0.5 : 1;
        }

        double known = usable.Sum(each => each.BytesPerSecond);
        int unknown = usable.Count(each => each.BytesPerSecond == 0);
        double average = unknown == usable.Count ? 1 : known / (usable.Count - unknown);
        double own = session.BytesPerSecond == 0 ? average : session.BytesPerSecond;
        return own / (known + (unknown * average)) / 2;
    }
}
