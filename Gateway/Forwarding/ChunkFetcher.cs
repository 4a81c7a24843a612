using System.Collections.Concurrent;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>
/// Fetches chunks from replicas, through every failure, on behalf of nobody in particular: a client that goes away ends no fetch that others wait for.
/// </summary>
/// <remarks>
/// A run: 1. skip what came otherwise, drop what nobody wants. 2. A replica by the picker; none: pause, then try all again, until patience ends.
/// 3. One ranged request for all that is missing, received chunk by chunk. 4. A fault is told to the lease; the rest, to the byte, is asked for
/// elsewhere; a wrong digest throws the chunk away, and convicts the replica if all bytes were its own.
/// A hedge is a run of one chunk and one attempt beside the run that owns the chunk; who is first publishes, the other stops.
/// </remarks>
internal sealed partial class ChunkFetcher(
    ChunkStore store, DiskChunks disk, IReplicaPicker picker, IMisbehaviourReporter reporter, ForwardingOptions options, ChunkCounters counters,
    TimeProvider clock, ILogger<ChunkFetcher> log) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly ReplicaTransport _transport = new(options);
    private readonly HedgeBudget _hedges = new(options, counters);
    private readonly PieceBuffers _buffers = new((int)Math.Max(4, options.BufferBytes / PieceBuffers.SizeBytes));
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<object, Task> _running = new(ReferenceEqualityComparer.Instance);

    /// <summary>How long to wait for a chunk before <see cref="TryHedge"/>.</summary>
    public TimeSpan HedgeDelay => _hedges.Delay;

    public void Waited(TimeSpan time) => _hedges.Waited(time);

    /// <summary>Fetches a chunk that the caller has begun, and those after it that nobody has begun, up to <paramref name="end"/>.</summary>
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
    public void TryHedge(ArtifactLayout layout, int index, Chunk chunk, ReaderInterest interest)
    {
        if (chunk.IsSettled || chunk.Fetch is not FetchRun { CurrentProvider: { } current } || !_hedges.TryStake(chunk.LengthBytes))
        {
            return;
        }

        if (!chunk.TryClaimHedge())
        {
            _hedges.EndStake(chunk.LengthBytes);
            return;
        }

        FetchRun hedge = new(layout, index, [chunk], interest, isHedge: true);
        hedge.Tried.Add(current);
        chunk.Hedge = hedge;
        Start(hedge, () => RunHedgeAsync(hedge));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        while (!_running.IsEmpty)
        {
            await Task.WhenAll(_running.Values);
        }

        _transport.Dispose();
        _buffers.Dispose();
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
        if (!await disk.TryLoadAsync(chunk, _buffers, _stopping.Token))
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
        try
        {
            // The owner of the memory is the original's reservation and this one's: a hedge that would have to wait for memory helps nobody.
            using ReplicaLease? lease = picker.Pick(RequestFor(hedge, 1), hedge.Tried);
            if (lease is not null)
            {
                counters.Hedged();
                await AttemptAsync(hedge, lease, 1);
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
                        LogGaveUp(run.Layout.Digest, options.Patience, problem);
                        FailRest(run.Chunks, $"No replica gave a part of {run.Layout.Digest} for {options.Patience.TotalSeconds:0} s: {problem}");
                        return;
                    }

                    await Task.Delay(pause, clock, _stopping.Token);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    run.Tried.Clear();
                    continue;
                }

                // 3. and 4.
                long before = run.NextOffset;
                TransferEnd end = await AttemptAsync(run, lease, stop);
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

    private async Task<TransferEnd> AttemptAsync(FetchRun run, ReplicaLease lease, int stop)
    {
        if (run.IsUnmixed)
        {
            run.DropIncoming();
        }

        using ProgressWatch watch = new(clock, options, _stopping.Token);
        string provider = lease.Endpoint.ProviderId;
        run.Attempt(provider, watch);
        TransferEnd end;
        try
        {
            end = await TransferAsync(run, lease, stop, watch);
        }
        finally
        {
            run.Attempt(null, null);
        }

        if (end.Fault is null && watch.End is WatchEnd.Stalled)
        {
            end = new TransferEnd(ReplicaFault.Stalled);
        }

        if (end.Fault is { } fault)
        {
            counters.Faulted();
            lease.Fault(fault);
            run.Tried.Add(provider);
            LogFault(provider, lease.Endpoint.BaseUrl, fault, run.Layout.Digest, run.IsDone ? run.Layout.Artifact.SizeBytes : run.NextOffset);
            if (fault is ReplicaFault.WrongBytes)
            {
                run.Liars.Add(provider);
                Convict(run, lease, end);
            }
        }
        else if (run.Next >= stop)
        {
            lease.Completed();
        }
        else
        {
            run.Tried.Add(provider); // Overtaken by a hedge, or part of a mix that was wrong: others first.
        }

        return end;
    }

    private async Task<TransferEnd> TransferAsync(FetchRun run, ReplicaLease lease, int stop, ProgressWatch watch)
    {
        try
        {
            long offset = run.NextOffset;
            long length = run.EndOffsetOf(stop - 1) - offset;
            counters.Requested();
            (HttpResponseMessage? answer, ReplicaFault? fault) = await _transport.OpenAsync(
                lease.Endpoint, run.Layout.Digest, offset, length, run.Layout.Artifact.SizeBytes, watch.Token);
            if (answer is null)
            {
                return new TransferEnd(watch.End is WatchEnd.None ? fault : null);
            }

            using (answer)
            {
                watch.HeadCame();
                lease.FirstByte();
                Stream body = await answer.Content.ReadAsStreamAsync(watch.Token);
                await using (body)
                {
                    return await new ChunkReceiver(store, disk, _buffers, counters).ReceiveAsync(
                        run, stop, body, answer.Content.Headers.ContentLength is not null, lease, watch);
                }
            }
        }
        catch (OperationCanceledException) when (watch.Token.IsCancellationRequested && !_stopping.IsCancellationRequested)
        {
            return default; // The watch says why.
        }
    }

    private void Convict(FetchRun run, ReplicaLease lease, TransferEnd end)
    {
        Chunk chunk = run.Chunks[end.WrongIndex];
        Misbehaviour proof = new(
            lease.Endpoint.ProviderId, ReplicaTransport.UrlOf(lease.Endpoint, run.Layout.Digest), run.Layout.Digest, run.OffsetOf(end.WrongIndex),
            chunk.LengthBytes, chunk.Key.Digest, end.WrongDigest, clock.GetUtcNow());
        LogWrongBytes(proof.ProviderId, proof.Url, proof.Offset, proof.LengthBytes, proof.Expected, proof.Actual);
        reporter.Report(proof);
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

    [LoggerMessage(5310, LogLevel.Information, "{Provider} at {Url}: {Fault} while it sent {Digest}; the rest from byte {Offset} on is fetched elsewhere")]
    private partial void LogFault(string provider, Uri url, ReplicaFault fault, Sha256Digest digest, long offset);

    [LoggerMessage(5311, LogLevel.Warning, "{Provider} sent wrong bytes: {Url}, {LengthBytes} bytes at {Offset} hash to {Actual}, the signed manifest says {Expected}")]
    private partial void LogWrongBytes(string provider, Uri url, long offset, int lengthBytes, Sha256Digest expected, Sha256Digest actual);

    [LoggerMessage(5312, LogLevel.Warning, "No replica gave a part of {Digest} for {Patience}; those who wait for it are told. {Problem}")]
    private partial void LogGaveUp(Sha256Digest digest, TimeSpan patience, string problem);

    [LoggerMessage(5313, LogLevel.Error, "A fetch died; those who wait for its chunks are told")]
    private partial void LogDied(Exception exception);
}
