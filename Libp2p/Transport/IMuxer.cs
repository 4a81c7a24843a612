namespace PhaseMesh.Libp2p.Transport;

/// <summary>Many streams over one authenticated connection: Yamux over Noise, or the streams of QUIC.</summary>
public interface IMuxer : IAsyncDisposable
{
    /// <summary>Opens a stream; throws <see cref="Libp2pException"/> when the connection is gone or too many are open.</summary>
    ValueTask<MuxedStream> OpenStreamAsync(CancellationToken cancellationToken);

    /// <summary>The next stream that the peer opened, or null once the connection has ended.</summary>
    ValueTask<MuxedStream?> AcceptStreamAsync(CancellationToken cancellationToken);

    /// <summary>Completes, never faulted, with the reason when the connection has ended.</summary>
    Task<DropReason> Completion { get; }

    /// <summary>The reason in words, or null while the connection lives.</summary>
    string? EndMessage { get; }

    /// <summary>Last measured round trip, or null before the first.</summary>
    TimeSpan? RoundTrip { get; }

    int OpenStreams { get; }

    /// <summary>Ends the connection at once; all streams fail with the reason.</summary>
    void Abort(DropReason reason, string message);
}
