using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// The output half of a connection that sends on the socket itself, bypassing the transport's own output pipe, so that file slices
/// can go out by sendfile(2) between ordinary bytes.
/// </summary>
/// <remarks>
/// Ordinary bytes (headers, small bodies) gather in one pooled buffer, held only between the first write and the end of the flush.
/// A slice announced by <see cref="BeginSlice"/> hands out <see cref="Scratch"/>, memory that nobody reads: the server counts the bytes
/// advanced over it, and the flush sends the file's bytes instead.
/// Failure cases: the socket fails or is shut down under a flush, or the file is shorter than announced -> the connection is aborted and
/// the flush reports completion, as the transport's own pipe does; a caller that advances by other than the slice -> an exception
/// before anything of the slice leaves. The server never runs two flushes of one connection at once.
/// </remarks>
internal sealed class SendfilePipeWriter(Socket socket, ConnectionContext connection) : PipeWriter, IFileSliceSink
{
    private const int SmallestBufferBytes = 4096;

    // tcp(7). The server sets TCP_NODELAY, with which each run of pages leaves as soon as it is there: a single client got 1.9 GB/s,
    // corked 3.2 to 13.
    private const int TcpLevel = 6;
    private const int TcpCork = 3;

    // Never written and never read, hence never backed by memory: the collector maps it and nothing touches it.
    private static readonly byte[] Scratch = GC.AllocateUninitializedArray<byte>(SlicePacer.LargestBytes);

    private byte[] _buffer = [];
    private int _bufferedBytes;
    private FileSliceSender? _sliceSender;
    private FileStream? _sliceFile;
    private long _sliceOffset;
    private int _sliceBytes;
    private bool _sliceAdvanced;
    private bool _corked;
    private volatile bool _closed;
    private volatile bool _sending;

    public SlicePacer Pacer { get; } = new();

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _bufferedBytes + (_sliceAdvanced ? _sliceBytes : 0);

    public void BeginSlice(FileStream file, long offsetBytes, int countBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(countBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(countBytes, SlicePacer.LargestBytes);
        if (_sliceFile is not null)
        {
            throw new InvalidOperationException("A slice is still unflushed; flush it before the next.");
        }

        (_sliceFile, _sliceOffset, _sliceBytes) = (file, offsetBytes, countBytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_sliceFile is not null)
        {
            return _sliceAdvanced
                ? throw new InvalidOperationException("Bytes after a slice must wait until the slice is flushed.")
                : Scratch.AsMemory(0, Math.Max(_sliceBytes, Math.Min(sizeHint, Scratch.Length)));
        }

        if (_buffer.Length - _bufferedBytes < Math.Max(sizeHint, 1))
        {
            Grow(sizeHint);
        }

        return _buffer.AsMemory(_bufferedBytes);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (_sliceFile is null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bytes);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _bufferedBytes);
            _bufferedBytes += bytes;
            return;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes, _sliceBytes);
        _sliceAdvanced = true;
    }

    /// <remarks>The token is not observed: stopping half-way would leave the client with a torn message. An abort ends the send.</remarks>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_closed || (_bufferedBytes == 0 && !_sliceAdvanced))
        {
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: _closed));
        }

        return SendAsync();
    }

    // Only an abort cancels a flush, and an abort shuts the socket down, which ends the send in flight.
    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
        _closed = true;
        _sliceSender?.Dispose();
        if (!_sending)
        {
            ReturnBuffer();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> SendAsync()
    {
        _sending = true;
        try
        {
            // 1. Corked before the first slice. 2. Ordinary bytes end every body (ArtifactBody): after them what is left of a segment must
            // go.
            if (_sliceAdvanced)
            {
                SetCork(true);
            }

            for (int sent = 0; sent < _bufferedBytes;)
            {
                sent += await socket.SendAsync(_buffer.AsMemory(sent, _bufferedBytes - sent), SocketFlags.None, CancellationToken.None);
            }

            if (!_sliceAdvanced)
            {
                SetCork(false);
            }
            else
            {
                _sliceSender ??= new FileSliceSender();
                int sent = await _sliceSender.SendAsync(socket, _sliceFile!, _sliceOffset, _sliceBytes);
                if (sent != _sliceBytes)
                {
                    throw new IOException($"The file gave {sent} of the {_sliceBytes} bytes at {_sliceOffset}; it was truncated while being sent.");
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException || (e is NotSupportedException && !socket.Connected))
        {
            // NotSupportedException is what SendPackets throws when the receiving side has noticed a reset first.
            _closed = true;
            connection.Abort(new ConnectionAbortedException("Sending to the client failed: " + e.Message, e));
        }
        finally
        {
            (_sliceFile, _sliceAdvanced) = (null, false);
            ReturnBuffer();
            _sending = false;
        }

        return new FlushResult(isCanceled: false, isCompleted: _closed);
    }

    private void SetCork(bool on)
    {
        if (_corked != on)
        {
            socket.SetRawSocketOption(TcpLevel, TcpCork, BitConverter.GetBytes(on ? 1 : 0));
            _corked = on;
        }
    }

    private void Grow(int sizeHint)
    {
        // At least twice as large: a writer without a hint fills what it is given and comes back, and must always be given something.
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(SmallestBufferBytes, 2 * _buffer.Length), _bufferedBytes + sizeHint));
        int kept = _bufferedBytes;
        _buffer.AsSpan(0, kept).CopyTo(larger);
        ReturnBuffer();
        (_buffer, _bufferedBytes) = (larger, kept);
    }

    private void ReturnBuffer()
    {
        byte[] buffer = Interlocked.Exchange(ref _buffer, []);
        _bufferedBytes = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
