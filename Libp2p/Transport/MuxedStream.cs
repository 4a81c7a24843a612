using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace PhaseMesh.Libp2p.Transport;

/// <summary>
/// One ordered, flow-controlled, half-closable byte stream to a peer. Not consuming <see cref="Input"/> holds the sender back; an
/// unfinished <see cref="WriteAsync"/> means that the receiver does the same to us. Dispose closes what is finished and resets what is not.
/// </summary>
[SuppressMessage("Naming", "CA1711", Justification = "The field's own word; it is no System.IO.Stream because it closes by halves.")]
public abstract class MuxedStream : IAsyncDisposable
{
    /// <summary>Number of the stream within its connection.</summary>
    public abstract long Id { get; }

    /// <summary>True when the peer opened it.</summary>
    public abstract bool IsInbound { get; }

    /// <summary>What the peer sends. It completes at the peer's close, and throws <see cref="Libp2pException"/> after a reset.</summary>
    public abstract PipeReader Input { get; }

    /// <summary>
    /// Sends bytes; completes once they are handed to the connection, and the memory may be used again. One call at a time.
    /// </summary>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default);

    /// <summary>Tells the peer that nothing more will be sent; reading goes on.</summary>
    public abstract ValueTask CloseWriteAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends both directions at once.</summary>
    public abstract void Reset(DropReason reason);

    public abstract ValueTask DisposeAsync();
}
