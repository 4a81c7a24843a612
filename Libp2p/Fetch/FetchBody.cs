using System.Buffers;
using System.IO.Pipelines;
using PhaseMesh.Libp2p.Host;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>A body as a stream that ends where the answer said, and throws if the peer ends before.</summary>
internal sealed class FetchBody(ProtocolStream stream, StallTimer timer, TimeSpan idleLimit, long lengthBytes) : Stream
{
    private readonly PipeReader _input = stream.Stream.Input;
    private long _readBytes;

    public long LeftBytes => lengthBytes - _readBytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("A body does not seek; its length is in the response.");

    public override long Position
    {
        get => throw new NotSupportedException("A body does not seek.");
        set => throw new NotSupportedException("A body does not seek.");
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (LeftBytes == 0 || buffer.IsEmpty)
        {
            return 0;
        }
        ReadResult result = await NextAsync(cancellationToken);
        int take = (int)Math.Min(Math.Min(result.Buffer.Length, buffer.Length), LeftBytes);
        if (take == 0)
        {
            _input.AdvanceTo(result.Buffer.End);
            throw new Libp2pException(
                DropReason.RemoteClose,
                $"{stream.Connection.RemotePeer} closed the stream after {_readBytes} of {lengthBytes} bytes.");
        }
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, take);
        taken.CopyTo(buffer.Span);
        _input.AdvanceTo(taken.End);
        _readBytes += take;
        return take;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous use.");

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A body is read only.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A body does not seek.");

    public override void SetLength(long value) => throw new NotSupportedException("A body is read only.");

    private async ValueTask<ReadResult> NextAsync(CancellationToken cancellationToken)
    {
        timer.Start(idleLimit);
        try
        {
            return await _input.ReadAsync(cancellationToken);
        }
        catch (Libp2pException exception) when (timer.HasFired)
        {
            throw new Libp2pException(
                DropReason.ReadTimeout,
                $"{stream.Connection.RemotePeer} sent nothing for {idleLimit} after {_readBytes} of {lengthBytes} bytes.",
                exception);
        }
        finally
        {
            timer.Stop();
        }
    }
}
