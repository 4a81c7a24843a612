using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Ranges;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>One request's way through an artifact: waits for chunks, has those ahead fetched, lends them to the body.</summary>
/// <remarks>
/// Read-ahead starts small and doubles whenever the client had to wait, so a slow client reads little ahead, and a fast one alone has two
/// long requests under way. It never goes past the range that was asked for.
/// </remarks>
internal sealed class ArtifactReader(
    ArtifactLayout layout, ChunkStore store, ChunkFetcher fetcher, ForwardingOptions options, TimeProvider clock, ReaderInterest interest,
    AdmissionTicket? ticket)
    : IArtifactSource, IDisposable
{
    /// <summary>Smaller loans are copied: a client not known to be fast may take long.</summary>
    private const int KernelBytes = 256 * 1024;

    private Chunk? _held;
    private int _endIndex;
    private int _plannedTo;
    private long _windowBytes = options.MinReadAheadBytes;

    public string Name { get; } = layout.Artifact.Kind.Name();

    public long SizeBytes => layout.Artifact.SizeBytes;

    public string EntityTag { get; } = $"\"{layout.Digest}\"";

    public string ReprDigest { get; } = DigestHeader(layout.Digest);

    public DateTimeOffset? LastModified => null;

    /// <summary>
    /// Waits for its turn and the first chunk, so that a client gets an error instead of a body that ends before it began.
    /// </summary>
    public async ValueTask<Unavailability?> FindProblemAsync(ByteRange first, CancellationToken cancellationToken)
    {
        if (ticket is not null && await ticket.EnterAsync(cancellationToken) is { } refusal)
        {
            return refusal.ToAnswer();
        }

        _endIndex = layout.IndexOf(first.Offset + first.LengthBytes - 1) + 1;
        try
        {
            (_held, string? problem) = await UseAsync(layout.IndexOf(first.Offset), options.FirstChunkPatience, cancellationToken);
            return problem is null ? null : new Unavailability(problem);
        }
        catch (TimeoutException)
        {
            return new Unavailability($"No replica gave the {Name} within {options.FirstChunkPatience.TotalSeconds:0} s.");
        }
    }

    public async ValueTask<FileLoan?> BorrowAsync(long offset, int maxBytes, CancellationToken cancellationToken)
    {
        int index = layout.IndexOf(offset);
        Chunk? chunk = Interlocked.Exchange(ref _held, null);
        if (chunk is not null && chunk.Key != layout.KeyOf(index))
        {
            store.Return(chunk);
            chunk = null;
        }

        if (chunk is null)
        {
            (chunk, _) = await UseAsync(index, Timeout.InfiniteTimeSpan, cancellationToken);
            if (chunk is null)
            {
                return null;
            }
        }

        int within = (int)(offset - layout.RangeOf(index).Offset);
        int count = Math.Min(maxBytes, chunk.LengthBytes - within);
        return new FileLoan(chunk.File!, within, count, maxBytes >= KernelBytes && store.TryLend(count), chunk);
    }

    public ValueTask<bool> ReturnAsync(FileLoan loan)
    {
        if (loan.MayLeaveByKernel)
        {
            store.EndLoan(loan.CountBytes);
        }

        store.Return((Chunk)loan.Lender!);
        return new ValueTask<bool>(true);
    }

    public void Dispose()
    {
        interest.End();
        ticket?.Dispose();
        if (Interlocked.Exchange(ref _held, null) is { } held)
        {
            store.Return(held);
        }
    }

    /// <returns>The chunk, used, or why there is none.</returns>
    /// <exception cref="TimeoutException">Not within the patience.</exception>
    private async ValueTask<(Chunk? Chunk, string? Problem)> UseAsync(int index, TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            Chunk chunk = store.UseOrBegin(layout.KeyOf(index), out bool isMine);
            bool isKept = false;
            try
            {
                if (isMine)
                {
                    int end = Math.Min(Math.Max(index + WindowChunks(), index + 1), Math.Max(_endIndex, index + 1));
                    fetcher.Fetch(layout, index, chunk, end, interest);
                    _plannedTo = Math.Max(_plannedTo, end);
                }

                ReadAhead(index);
                switch (chunk.IsSettled ? await chunk.Arrival : await WaitAsync(chunk, index, patience, cancellationToken))
                {
                    case ChunkArrival.Ready:
                        isKept = true;
                        return (chunk, null);
                    case ChunkArrival.Failed:
                        return (null, chunk.Problem ?? $"No replica gave the {Name}.");
                }
            }
            finally
            {
                if (!isKept)
                {
                    store.Return(chunk);
                }
            }
        }
    }

    private async Task<ChunkArrival> WaitAsync(Chunk chunk, int index, TimeSpan patience, CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        _windowBytes = Math.Min(_windowBytes * 2, options.MaxReadAheadBytes);
        TimeSpan delay = fetcher.HedgeDelay;
        bool isHedged = false;
        if (patience == Timeout.InfiniteTimeSpan || delay < patience)
        {
            try
            {
                ChunkArrival arrival = await chunk.Arrival.WaitAsync(delay, clock, cancellationToken);
                fetcher.Waited(clock.GetElapsedTime(started));
                return arrival;
            }
            catch (TimeoutException)
            {
                isHedged = fetcher.TryHedge(layout, index, chunk, interest);
            }
        }

        ChunkArrival late = await chunk.Arrival.WaitAsync(patience, clock, cancellationToken);
        if (!isHedged)
        {
            // As by Karn's rule a retransmitted segment's: a hedged wait does not tell how long a replica takes, and a slow one must not teach us
            // to wait for it.
            fetcher.Waited(clock.GetElapsedTime(started));
        }

        return late;
    }

    private int WindowChunks() => (int)Math.Max(1, (_windowBytes >> store.Pressure) / layout.ChunkSizeBytes);

    private void ReadAhead(int index)
    {
        int window = WindowChunks();
        int from = Math.Max(_plannedTo, index + 1);
        int end = Math.Min(index + window, _endIndex);
        if (end > from && (from - index <= window / 2 || end == _endIndex))
        {
            fetcher.ReadAhead(layout, from, end, interest);
            _plannedTo = end;
        }
    }

    private static string DigestHeader(Sha256Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        digest.CopyTo(bytes);
        return $"sha-256=:{Convert.ToBase64String(bytes)}:";
    }
}
