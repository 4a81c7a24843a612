using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Yamux;

internal sealed partial class YamuxSession
{
    // A chunk and its header fill one Noise frame exactly.
    private const int MaxChunkBytes = 65519 - YamuxFrame.HeaderBytes;
    private const int MinChunkBytes = 4096;

    private readonly Queue<YamuxFrame> _control = new();
    private readonly Queue<YamuxStream> _writable = new();
    private readonly SemaphoreSlim _wake = new(0);
    private bool _awake;

    internal void BeginWrite(YamuxStream stream, ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            if (stream.Fault is { } fault)
            {
                throw new Libp2pException(fault.Reason, fault.Message, fault);
            }
            if (stream.LocalClosed)
            {
                throw new InvalidOperationException("The stream's writing side is closed.");
            }
            if (stream.IsWriting)
            {
                throw new InvalidOperationException("Another write on this stream is under way; await it first.");
            }
            stream.ResetWrite();
            stream.IsWriting = true;
            stream.Pending = bytes;
            Queue(stream);
        }
    }

    internal void CancelWrite(YamuxStream stream, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // While it is being copied the write is about to succeed, at least in part.
            if (stream.IsWriting && !stream.IsCopying)
            {
                stream.EndWrite(new OperationCanceledException(cancellationToken));
            }
        }
    }

    internal void CloseWrite(YamuxStream stream)
    {
        lock (_gate)
        {
            if (stream.IsWriting)
            {
                throw new InvalidOperationException("A write on this stream is under way; await it before closing.");
            }
            CloseWriteLocked(stream);
        }
    }

    internal void Reset(YamuxStream stream, Libp2pException cause)
    {
        lock (_gate)
        {
            if (stream.Fault is not null || (stream.LocalClosed && stream.RemoteClosed))
            {
                return;
            }
            Fail(stream, cause);
            if (_ended is null)
            {
                Enqueue(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Rst, stream.StreamId, 0));
            }
        }
        stream.CompleteInput(cause);
    }

    // Dispose: our side is closed in order, so that the peer keeps what was sent last. What it still sends is answered with a reset.
    internal void Release(YamuxStream stream)
    {
        bool isWriting;
        lock (_gate)
        {
            isWriting = stream.IsWriting;
            if (!isWriting)
            {
                CloseWriteLocked(stream);
                stream.IsReleased = !stream.RemoteClosed && stream.Fault is null;
                stream.LastUpdateTimestamp = _time.GetTimestamp();
            }
        }
        if (isWriting)
        {
            Reset(stream, new Libp2pException(DropReason.LocalClose, $"Stream {stream.StreamId} was disposed during a write."));
        }
    }

    // A released stream whose peer says nothing more does not stay in the books for ever.
    private void ResetLingering()
    {
        List<YamuxStream> lingering;
        lock (_gate)
        {
            lingering = [.. _streams.Values.Where(
                stream => stream.IsReleased && _time.GetElapsedTime(stream.LastUpdateTimestamp) > _options.LingerTime)];
        }
        foreach (YamuxStream stream in lingering)
        {
            Reset(stream, new Libp2pException(DropReason.LocalClose, $"Stream {stream.StreamId} was disposed here."));
        }
    }

    private void CloseWriteLocked(YamuxStream stream)
    {
        if (stream.LocalClosed || stream.Fault is not null)
        {
            return;
        }
        stream.LocalClosed = true;
        Enqueue(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Fin, stream.StreamId, 0));
        if (stream.RemoteClosed)
        {
            Remove(stream);
        }
    }

    // With the lock held.
    private void Enqueue(YamuxFrame frame)
    {
        _control.Enqueue(frame);
        Wake();
    }

    // With the lock held.
    private void Queue(YamuxStream stream)
    {
        if (!stream.IsQueued && stream.IsWriting && stream.SendWindowBytes > 0)
        {
            stream.IsQueued = true;
            _writable.Enqueue(stream);
            Wake();
        }
    }

    // With the lock held.
    private void Wake()
    {
        if (!_awake)
        {
            _awake = true;
            _wake.Release();
        }
    }

    private async Task WriteLoopAsync()
    {
        try
        {
            bool ended = false;
            while (!ended)
            {
                await _wake.WaitAsync(_stop.Token);
                lock (_gate)
                {
                    _awake = false;
                }
                while (FillBatch(out ended))
                {
                    await _channel.FlushAsync(_stop.Token);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The farewell was not read in time.
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            End(new Libp2pException(DropReason.RemoteClose, $"The connection broke while sending: {exception.Message}", exception));
        }
        await _stop.CancelAsync();
    }

    // Moves control frames and one chunk per stream in turn into the channel's batch; false when there was nothing.
    private bool FillBatch(out bool ended)
    {
        bool filled = false;
        Span<byte> header = stackalloc byte[YamuxFrame.HeaderBytes];
        while (_channel.FreeBytes >= MinChunkBytes + YamuxFrame.HeaderBytes)
        {
            YamuxStream? stream;
            YamuxFrame frame;
            ReadOnlyMemory<byte> chunk;
            lock (_gate)
            {
                if (!TakeNext(out frame, out stream, out chunk))
                {
                    ended = _ended is not null;
                    return filled;
                }
            }
            frame.Write(header);
            _channel.Append(header);
            _channel.Append(chunk.Span);
            filled = true;
            if (stream is not null)
            {
                lock (_gate)
                {
                    FinishChunk(stream, chunk.Length);
                }
            }
        }
        ended = false;
        return true;
    }

    private bool TakeNext(out YamuxFrame frame, out YamuxStream? stream, out ReadOnlyMemory<byte> chunk)
    {
        chunk = default;
        stream = null;
        if (_control.TryDequeue(out frame))
        {
            return true;
        }
        while (_writable.TryDequeue(out stream))
        {
            stream.IsQueued = false;
            int room = Math.Min(MaxChunkBytes, _channel.FreeBytes - YamuxFrame.HeaderBytes);
            int take = (int)Math.Min(Math.Min(stream.Pending.Length, stream.SendWindowBytes), room);
            if (take > 0 && stream.IsWriting)
            {
                stream.IsCopying = true;
                stream.SendWindowBytes -= take;
                chunk = stream.Pending[..take];
                frame = new YamuxFrame(YamuxType.Data, YamuxFlags.None, stream.StreamId, (uint)take);
                return true;
            }
        }
        return false;
    }

    private void FinishChunk(YamuxStream stream, int sentBytes)
    {
        stream.IsCopying = false;
        stream.Pending = stream.Pending[sentBytes..];
        if (stream.Fault is { } fault)
        {
            stream.EndWrite(fault);
        }
        else if (stream.Pending.IsEmpty)
        {
            stream.EndWrite(null);
        }
        else
        {
            Queue(stream);
        }
    }
}
