using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>How a transfer ended.</summary>
/// <param name="Fault">The replica's; null when it sent what was asked for, or the transfer was cut for other reasons.</param>
/// <param name="WrongIndex">With <see cref="ReplicaFault.WrongBytes"/>: the chunk of the run, all of whose bytes this replica sent.</param>
/// <param name="WrongDigest">What it sent instead.</param>
internal readonly record struct TransferEnd(ReplicaFault? Fault, int WrongIndex = 0, Sha256Digest WrongDigest = default);

/// <summary>
/// Receives the body of an answer into chunks: a piece is read from the replica while the one before is hashed and stored by another
/// thread. However it ends, what was received of the current chunk stays in the run for the next replica to continue.
/// </summary>
internal sealed class ChunkReceiver(ChunkStore store, DiskChunks disk, PieceBuffers buffers, ChunkCounters counters)
{
    /// <param name="run">Its <see cref="FetchRun.Next"/> and <see cref="FetchRun.Incoming"/> move on.</param>
    /// <param name="stop">The first chunk of the run that was not asked for.</param>
    /// <param name="body">The bytes from <see cref="FetchRun.NextOffset"/> on.</param>
    /// <param name="isEndAnnounced">Whether the head told the length, so that more can't come.</param>
    /// <param name="lease">Told of progress.</param>
    /// <param name="watch">Cancels.</param>
    public async Task<TransferEnd> ReceiveAsync(
        FetchRun run, int stop, Stream body, bool isEndAnnounced, ReplicaLease lease, ProgressWatch watch)
    {
        Pipeline pipeline = new();
        ReplicaFault? fault;
        try
        {
            fault = await PumpAsync(run, stop, body, isEndAnnounced, lease, watch, pipeline);
        }
        catch (OperationCanceledException) when (watch.Token.IsCancellationRequested)
        {
            fault = null; // While it waited for memory of ours.
        }
        finally
        {
            run.Receive(null);
            await ((Task)pipeline.Storing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Verdict verdict = await pipeline.Storing;
        return verdict.Wrong is { } wrong ? Reject(run, verdict, wrong) : new TransferEnd(fault);
    }

    private async Task<ReplicaFault?> PumpAsync(
        FetchRun run, int stop, Stream body, bool isEndAnnounced, ReplicaLease lease, ProgressWatch watch, Pipeline pipeline)
    {
        while (run.Next < stop)
        {
            Chunk chunk = run.Current;
            run.Receive(chunk);
            if (chunk.IsSettled || (run.Interest.HasEnded && run.IsUnwanted))
            {
                return null; // Another was faster, or nobody wants it any more.
            }

            IncomingChunk incoming = run.Incoming ??= await IncomingChunk.BeginAsync(store, chunk, watch.Token);
            for (int takenBytes = incoming.ReceivedBytes; takenBytes < chunk.LengthBytes;)
            {
                byte[] buffer = await buffers.RentAsync(watch.Token);
                int wanted = Math.Min(buffer.Length, chunk.LengthBytes - takenBytes);
                (int got, ReplicaFault? fault) = await ReadPieceAsync(body, buffer.AsMemory(0, wanted), lease, watch);
                Verdict before = await pipeline.Storing;
                if (got == 0 || before.Wrong is not null)
                {
                    buffers.Return(buffer);
                    return fault;
                }

                takenBytes += got;
                incoming.Contributors.Add(lease.Endpoint.ProviderId);
                int index = run.Next;
                bool isLast = takenBytes == chunk.LengthBytes;
                if (isLast)
                {
                    run.Incoming = null;
                    run.Next++;
                }

                pipeline.Storing = Task.Run(() => Store(run, incoming, index, buffer, got, isLast), CancellationToken.None);
                if (fault is not null || watch.Token.IsCancellationRequested)
                {
                    return fault;
                }
            }
        }

        return isEndAnnounced ? null : await FindSurplusAsync(body, lease, watch);
    }

    /// <returns>How many bytes came, fewer than asked for when it was cancelled or the replica failed.</returns>
    private async Task<(int Got, ReplicaFault? Fault)> ReadPieceAsync(
        Stream body, Memory<byte> piece, ReplicaLease lease, ProgressWatch watch)
    {
        int got = 0;
        while (got < piece.Length)
        {
            int read = 0;
            watch.Arm();
            try
            {
                read = await body.ReadAsync(piece[got..], watch.Token);
            }
            catch (OperationCanceledException) when (watch.Token.IsCancellationRequested)
            {
                return (got, null);
            }
            catch (IOException e)
            {
                return (got, watch.Token.IsCancellationRequested ? null : ReplicaTransport.FaultOf(e));
            }
            finally
            {
                watch.Disarm(read);
            }

            if (read == 0)
            {
                return (got, ReplicaFault.Truncated);
            }

            got += read;
            counters.Read(read);
            lease.Progress(read);
        }

        return (got, null);
    }

    /// <summary>
    /// All that was asked for is here, and good; but a replica that sends more is not to be trusted with the next request.
    /// </summary>
    private async Task<ReplicaFault?> FindSurplusAsync(Stream body, ReplicaLease lease, ProgressWatch watch)
    {
        (int got, ReplicaFault? fault) = await ReadPieceAsync(body, new byte[1], lease, watch);
        return got > 0 ? ReplicaFault.Overlong : fault is ReplicaFault.Truncated ? null : fault;
    }

    private Verdict Store(FetchRun run, IncomingChunk incoming, int index, byte[] buffer, int count, bool isLast)
    {
        try
        {
            incoming.Append(buffer.AsSpan(0, count));
        }
        catch when (isLast)
        {
            incoming.Dispose(); // The run has let go of it.
            throw;
        }
        finally
        {
            buffers.Return(buffer);
        }

        if (!isLast)
        {
            return default;
        }

        Chunk chunk = incoming.Chunk;
        Sha256Digest found = incoming.Finish();
        if (found != chunk.Key.Digest)
        {
            return new Verdict(incoming, index, found);
        }

        using (incoming)
        {
            counters.Verified(chunk.LengthBytes);
            if (incoming.Publish())
            {
                if (run.IsHedge)
                {
                    counters.HedgeWon();
                }

                disk.Offer(chunk.Key);
                (run == chunk.Fetch ? chunk.Hedge : chunk.Fetch)?.Overtaken(chunk);
            }
            else
            {
                counters.Duplicated(chunk.LengthBytes);
            }
        }

        return default;
    }

    private TransferEnd Reject(FetchRun run, Verdict verdict, IncomingChunk wrong)
    {
        run.DropIncoming();
        run.Next = verdict.Index;
        counters.Discarded(wrong.Chunk.LengthBytes);
        counters.WrongChunk();
        bool isProof = wrong.Contributors.Count == 1;
        wrong.Dispose();
        run.IsUnmixed |= !isProof; // Who of them lied can't be told.
        return isProof ? new TransferEnd(ReplicaFault.WrongBytes, verdict.Index, verdict.Found) : default;
    }

    private readonly record struct Verdict(IncomingChunk? Wrong, int Index, Sha256Digest Found);

    private sealed class Pipeline
    {
        public Task<Verdict> Storing { get; set; } = Task.FromResult<Verdict>(default);
    }
}
