namespace PhaseMesh.BootAgent.Fetch;

/// <summary>Who gets the bytes of a response, piece by piece and in order.</summary>
internal interface IPieceSink
{
    /// <summary>How many bytes from <paramref name="position"/> on may come as one piece; 0: no more are wanted.</summary>
    int PieceBytes(long position);

    /// <summary>Hashes and stores a piece; runs on another thread while the next one is read.</summary>
    FetchFault? Take(long position, ReadOnlySpan<byte> piece);
}

/// <summary>
/// Reads a response through two buffers: while one is hashed and written, the other is filled, so the network and a processor work at
/// the same time and memory stays the same however large the artifact is.
/// </summary>
internal sealed class PiecePump
{
    /// <summary>512 KiB: of 128 KiB to 2 MiB the fastest on loopback, where smaller ones pay for the hand-over between threads.</summary>
    public const int BufferBytes = 512 * 1024;

    private static readonly Task<FetchFault?> Nothing = Task.FromResult<FetchFault?>(null);
    private readonly byte[][] _buffers = [new byte[BufferBytes], new byte[BufferBytes]];

    /// <param name="from">Where the sink begins; what the response has before it is read and dropped.</param>
    /// <returns>Null: the sink has all it wanted.</returns>
    public async Task<FetchFault?> RunAsync(ArtifactBody body, long from, IPieceSink sink, ProgressWatch watch)
    {
        Task<FetchFault?> taking = Nothing;
        FetchFault? ended = null;
        try
        {
            ended = await SkipAsync(body, from - body.Position, watch);
            long position = from;
            for (int turn = 0; ended is null; turn ^= 1)
            {
                int wanted = Math.Min(sink.PieceBytes(position), BufferBytes);
                if (wanted == 0)
                {
                    break;
                }

                Memory<byte> piece = _buffers[turn].AsMemory(0, wanted);
                ended = await FillAsync(body.Stream, piece, watch);
                if (!taking.IsCompleted)
                {
                    watch.Busy();
                }

                FetchFault? fault = await taking;
                taking = Nothing;
                if (fault is not null || ended is not null)
                {
                    return fault ?? ended;
                }

                long at = position;
                taking = Task.Run(() => sink.Take(at, piece.Span));
                position += wanted;
            }

            if (ended is null && position == body.End)
            {
                ended = await ExpectEndAsync(body.Stream, watch);
            }
        }
        finally
        {
            // A request that was cancelled or broke off may leave a piece in the sink's hands: its chunk still counts.
            FetchFault? fault = await taking;
            ended = fault ?? ended;
        }

        return ended;
    }

    private async Task<FetchFault?> SkipAsync(ArtifactBody body, long count, ProgressWatch watch)
    {
        while (count > 0)
        {
            int read = await watch.ReadAsync(body.Stream, _buffers[0].AsMemory(0, (int)Math.Min(BufferBytes, count)));
            if (read == 0)
            {
                return TooShort;
            }

            count -= read;
        }

        return null;
    }

    private static async Task<FetchFault?> FillAsync(Stream stream, Memory<byte> piece, ProgressWatch watch)
    {
        while (piece.Length > 0)
        {
            int read = await watch.ReadAsync(stream, piece);
            if (read == 0)
            {
                return TooShort;
            }

            piece = piece[read..];
        }

        return null;
    }

    /// <summary>
    /// Reading to the end lets the connection be used again, and shows a body that goes on (chunked transfer has no length).
    /// </summary>
    private static async Task<FetchFault?> ExpectEndAsync(Stream stream, ProgressWatch watch) =>
        await watch.ReadAsync(stream, new byte[1]) == 0
            ? null
            : new FetchFault(FaultKind.TooManyBytes, "sends more bytes than the manifest says the artifact has");

    private static FetchFault TooShort => new(FaultKind.ConnectionLost, "closed the connection before the end");
}
