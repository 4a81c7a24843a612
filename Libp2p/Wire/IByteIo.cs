using System.Buffers;
using System.IO.Pipelines;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Wire;

/// <summary>
/// What a negotiation needs of the layer below it, be that a socket, an encrypted channel or a muxed stream: exact reads that never take
/// a byte that belongs to the next layer.
/// </summary>
internal interface IByteIo
{
    /// <summary>
    /// Fills the buffer; throws <see cref="Libp2pException"/> with <see cref="DropReason.RemoteClose"/> when the peer ends first.
    /// </summary>
    ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);
}

internal sealed class StreamIo(Stream stream) : IByteIo
{
    public async ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) < buffer.Length)
        {
            throw new Libp2pException(DropReason.RemoteClose, "The peer closed the connection during the handshake.");
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        stream.WriteAsync(bytes, cancellationToken);
}

internal sealed class MuxedStreamIo(MuxedStream stream) : IByteIo
{
    public async ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ReadResult result = await stream.Input.ReadAtLeastAsync(buffer.Length, cancellationToken);
        if (result.Buffer.Length < buffer.Length)
        {
            stream.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            throw new Libp2pException(DropReason.RemoteClose, "The peer closed the stream in the middle of a message.");
        }
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, buffer.Length);
        taken.CopyTo(buffer.Span);
        stream.Input.AdvanceTo(taken.End);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        stream.WriteAsync(bytes, cancellationToken);
}
