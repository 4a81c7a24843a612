using System.IO.Pipelines;

namespace PhaseMesh.Libp2p.Transport.InMemory;

/// <summary>One end of two pipes as a stream that fails like a socket: writing to a peer that has gone throws.</summary>
internal sealed class DuplexStream(PipeReader reader, PipeWriter output) : Stream
{
    private readonly Stream _input = reader.AsStream();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _input.ReadAsync(buffer, cancellationToken);
        }
        catch (InvalidOperationException exception)
        {
            throw new IOException("The connection was disposed here.", exception);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        FlushResult result = await output.WriteAsync(buffer, cancellationToken);
        if (result.IsCompleted)
        {
            throw new IOException("The other side has closed the connection.");
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() => throw new NotSupportedException("Only asynchronous use.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous use.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous use.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            output.Complete();
            _input.Dispose();
        }
        base.Dispose(disposing);
    }
}
