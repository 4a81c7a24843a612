using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Transport;

/// <summary>
/// An authenticated, encrypted byte stream, shaped for a muxer: it reads straight out of the decryption buffer and writes straight into
/// the encryption buffer, so that a byte is copied once in each direction. One reader and one writer at a time.
/// </summary>
internal interface ISecureChannel : IAsyncDisposable
{
    PeerId RemotePeer { get; }

    /// <summary>The next decrypted bytes, valid until the next call; empty at the peer's end.</summary>
    ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Room for <see cref="Append"/> before a flush is due.</summary>
    int FreeBytes { get; }

    /// <summary>Adds bytes to the outgoing batch; at most <see cref="FreeBytes"/>.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Encrypts and sends the batch.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);
}
