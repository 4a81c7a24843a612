using System.Collections.Concurrent;
using System.Diagnostics;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>
/// Fetches chunks from replicas, through every failure, on behalf of nobody in particular: a client that goes away ends no fetch that
/// others wait for.
/// </summary>
/// <remarks>
/// A run: 1. skip what came otherwise, drop what nobody wants. 2. A replica by the picker; none: pause, then try all again, until patience
/// ends. 3. One ranged request for all that is missing, received chunk by chunk. 4. A fault is told to the lease; the rest, to the byte,
/// is asked for elsewhere; a wrong digest throws the chunk away, and convicts the replica if all bytes were its own.
/// A hedge is a run of one chunk and one attempt beside the run that owns the chunk; who is first publishes, the other stops. There is none
/// while memory is what is waited for: it would take more of it.
/// </remarks>
internal sealed partial class ChunkFetcher(
    ChunkStore store, DiskChunks disk, IReplicaPicker picker, ReplicaExchange exchange, PieceBuffers buffers, ForwardingOptions options,
    ChunkCounters counters, TimeProvider clock, ILogger<ChunkFetcher> log) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly HedgeBudget _hedges = new(options, counters);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<object, Task> _running = new(ReferenceEqualityComparer.Instance);

    /// <summary>How long to wait for a chunk before <see cref="TryHedge"/>.</summary>
    public TimeSpan HedgeDelay => _hedges.Delay;

    public void Waited(TimeSpan time) => _hedges.Waited(time);

    /// <summary>
    /// Fetches a chunk that the caller has begun, and those after it, before <paramref name="end"/>, that nobody has begun.
    /// </summary>
    public void Fetch(ArtifactLayout layout, int index, Chunk mine, int end, ReaderInterest interest)
    {
        List<Chunk> run = [];
        int first = index;
        for (Chunk? chunk = mine; ;)
        {
            if (chunk is not null && !disk.Has(chunk.Key))
            {
                run.Add(chunk);
            }
            else
            {
                StartRun(layout, first, run, interest);
                (run, first) = ([], index + 1);
                if (chunk is not null)
                {
                    StartLoad(layout, index, chunk, interest);
                }
            }

            if (++index >= end)
            {
                break;
            }

            store.TryBegin(layout.KeyOf(index), out chunk);
        }

        StartRun(layout, first, run, interest);
    }

    /// <summary>Fetches those of the chunks that nobody has begun.</summary>
    public void ReadAhead(ArtifactLayout layout, int from, int end, ReaderInterest interest)
    {
        for (; from < end; from++)
        {
            if (store.TryBegin(layout.KeyOf(from), out Chunk? chunk))
            {
                Fetch(layout, from, chunk, end, interest);
                return;
            }
        }
    }

    /// <summary>Asks a second replica for a chunk that is late, once, if the budget of duplicate bytes allows.</summary>
    /// <returns>Whether this call did.</returns>
    public bool TryHedge(ArtifactLayout layout, int index, Chunk chunk, ReaderInterest interest)
    {
        if (chunk.IsSettled || store.HasClaims || chunk.Fetch is not FetchRun { CurrentProvider: { } current } slow
            || !_hedges.TryStake(chunk.LengthBytes))
        {
            return false;
        }

        if (!chunk.TryClaimHedge())
        {
            _hedges.EndStake(chunk.LengthBytes);
            return false;
        }

        FetchRun hedge = new(layout, index, [chunk], interest, isHedge: true);
        hedge.Tried.Add(current);
        slow.Span.Hedged(chunk.LengthBytes);
        chunk.Hedge = hedge;
        Start(hedge, () => RunHedgeAsync(hedge));
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        while (!_running.IsEmpty)
        {
            await Task.WhenAll(_running.Values);
        }

        _stopping.Dispose();
    }

    private void StartRun(ArtifactLayout layout, int first, List<Chunk> chunks, ReaderInterest interest)
    {
        if (chunks.Count > 0)
        {
            FetchRun run = new(layout, first, chunks, interest, isHedge: false);
            chunks.ForEach(chunk => chunk.Fetch = run);
            Start(run, () => RunAsync(run));
        }
    }

    private void StartLoad(ArtifactLayout layout, int index, Chunk chunk, ReaderInterest interest) => Start(chunk, async () =>
    {
        if (!await disk.TryLoadAsync(chunk, buffers, _stopping.Token))
        {
            StartRun(layout, index, [chunk], interest);
        }
    }, [chunk]);

    private void Start(FetchRun run, Func<Task> work) => Start(run, work, run.IsHedge ? [] : run.Chunks);

    /// <summary>However the work ends, nobody waits for its chunks in vain.</summary>
    private void Start(object key, Func<Task> work, IReadOnlyList<Chunk> chunks)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[key] = ended.Task;
        ThreadPool.UnsafeQueueUserWorkItem(async _ =>
        {
            try
            {
                await work();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                FailRest(chunks, "The gateway is stopping.");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                LogDied(e);
                FailRest(chunks, $"The gateway could not fetch it: {e.Message}");
            }
            finally
            {
                _running.TryRemove(key, out Task? _);
                ended.SetResult();
            }
        }, null);
    }

    private async Task RunHedgeAsync(FetchRun hedge)
    {
        Chunk chunk = hedge.Chunks[0];
        using Activity? span = hedge.Span = GatewayTraces.Fetch(hedge);
        try
        {
            using ReplicaLease? lease = picker.Pick(RequestFor(hedge, 1), hedge.Tried);
            if (lease is not null)
            {
                counters.Hedged();
                span.Chosen(lease, hedge, isFirst: true);
                await exchange.AttemptAsync(hedge, lease, 1, _stopping.Token);
            }
        }
        finally
        {
            Duplicated(hedge);
            _hedges.EndStake(chunk.LengthBytes);
        }
    }

    private async Task RunAsync(FetchRun run)
    {
        long progressAt = clock.GetTimestamp();
        TimeSpan pause = FirstPause;
        string problem = "No replica may be asked.";
        bool isFirst = true;
        using Activity? span = run.Span = GatewayTraces.Fetch(run);
        try
        {
            while (!run.IsDone)
            {
                // 1.
                _stopping.Token.ThrowIfCancellationRequested();
                if (run.Interest.HasEnded)
                {
                    AbandonUnused(run);
                }

                if (run.Current.IsSettled)
                {
                    Duplicated(run);
                    run.Next++;
                    continue;
                }

                // 2.
                int stop = run.Stop;
                using ReplicaLease? lease = picker.Pick(RequestFor(run, stop), run.Excluded);
                if (lease is null)
                {
                    if (clock.GetElapsedTime(progressAt) > options.Patience)
                    {
                        span.GaveUp(problem);
                        LogGaveUp(run.Layout.Digest, options.Patience, problem);
                        FailRest(
                            run.Chunks, $"No replica gave a part of {run.Layout.Digest} for {options.Patience.TotalSeconds:0} s: {problem}");
                        return;
                    }

                    await Task.Delay(pause, clock, _stopping.Token);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    run.Tried.Clear();
                    continue;
                }

                // 3. and 4.
                span.Chosen(lease, run, isFirst);
                isFirst = false;
                long before = run.NextOffset;
                TransferEnd end = await exchange.AttemptAsync(run, lease, stop, _stopping.Token);
                if (run.NextOffset > before)
                {
                    (progressAt, pause) = (clock.GetTimestamp(), FirstPause);
                }

                if (end.Fault is { } fault)
                {
                    problem = $"{lease.Endpoint.ProviderId} at {lease.Endpoint.BaseUrl}: {fault}.";
                }
            }
        }
        finally
        {
            run.DropIncoming();
        }
    }

    private void AbandonUnused(FetchRun run)
    {
        for (int index = run.Next; index < run.Chunks.Count; index++)
        {
            store.TryAbandon(run.Chunks[index]);
        }
    }

    /// <summary>What was received of a chunk that came otherwise.</summary>
    private void Duplicated(FetchRun run)
    {
        counters.Duplicated(run.Incoming?.ReceivedBytes ?? 0);
        run.DropIncoming();
    }

    private void FailRest(IReadOnlyList<Chunk> chunks, string problem)
    {
        foreach (Chunk chunk in chunks)
        {
            store.Fail(chunk, ChunkArrival.Failed, problem);
        }
    }

    private static RouteRequest RequestFor(FetchRun run, int stop) => new(
        run.Layout.Digest, run.Interest.ClientSite, run.Interest.Client, run.NextOffset, run.EndOffsetOf(stop - 1) - run.NextOffset);

    [LoggerMessage(5312, LogLevel.Warning, "No replica gave a part of {Digest} for {Patience}; those who wait for it are told. {Problem}")]
    private partial void LogGaveUp(Sha256Digest digest, TimeSpan patience, string problem);

    [LoggerMessage(5313, LogLevel.Error, "A fetch died; those who wait for its chunks are told")]
    private partial void LogDied(Exception exception);
}
