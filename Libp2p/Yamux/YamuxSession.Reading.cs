namespace PhaseMesh.Libp2p.Yamux;

internal sealed partial class YamuxSession
{
    // Below this a doubling costs nothing worth waiting for: on a LAN four round trips pass in less than a timer tick.
    private static readonly TimeSpan MinGrowthTime = TimeSpan.FromMilliseconds(20);

    private readonly byte[] _header = new byte[YamuxFrame.HeaderBytes];
    private int _headerBytes;
    private uint _payloadLeft;
    private YamuxStream? _payloadStream;
    private YamuxFlags _payloadFlags;
    private long _grownBytes;

    /// <summary>The application took bytes out of the stream: let the peer send as many again once half the window is free.</summary>
    internal void Consumed(YamuxStream stream, long bytes)
    {
        lock (_gate)
        {
            stream.ConsumedBytes += bytes;
            if (stream.RemoteClosed || stream.Fault is not null || _ended is not null || stream.ConsumedBytes < stream.WindowBytes / 2)
            {
                return;
            }
            long delta = stream.ConsumedBytes + Grow(stream);
            stream.ConsumedBytes = 0;
            stream.ReceiveCreditBytes += delta;
            stream.LastUpdateTimestamp = _time.GetTimestamp();
            Enqueue(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.None, stream.StreamId, (uint)delta));
        }
    }

    // Doubles the window of a stream whose reader emptied half of it within four round trips: the window, not the reader, is the limit.
    private int Grow(YamuxStream stream)
    {
        int grown = Math.Min(stream.WindowBytes, _options.MaxWindowBytes - stream.WindowBytes);
        if (grown <= 0 || RoundTrip is not { } roundTrip || _grownBytes + grown > _options.MaxWindowGrowthBytes)
        {
            return 0;
        }
        TimeSpan limit = roundTrip * 4 > MinGrowthTime ? roundTrip * 4 : MinGrowthTime;
        if (_time.GetElapsedTime(stream.LastUpdateTimestamp) > limit)
        {
            return 0;
        }
        stream.WindowBytes += grown;
        _grownBytes += grown;
        return grown;
    }

    private async Task ReadLoopAsync()
    {
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> bytes = await _channel.ReceiveAsync(_stop.Token);
                if (bytes.IsEmpty)
                {
                    End(new Libp2pException(DropReason.RemoteClose, "The peer closed the connection."));
                    return;
                }
                _receivedSincePing = true;
                if (_ended is not null)
                {
                    continue; // Read on so that the peer's last writes do not turn our farewell into a reset.
                }
                Process(bytes.Span);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The session has ended; nobody waits for more.
        }
        catch (Libp2pException exception)
        {
            End(exception);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            End(new Libp2pException(DropReason.RemoteClose, $"The connection broke: {exception.Message}", exception));
        }
    }

    private void Process(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_payloadLeft > 0)
            {
                int take = (int)Math.Min(_payloadLeft, (uint)bytes.Length);
                _payloadStream?.Receive(bytes[..take]);
                bytes = bytes[take..];
                _payloadLeft -= (uint)take;
                if (_payloadLeft == 0 || bytes.IsEmpty)
                {
                    _payloadStream?.FlushInput();
                }
                if (_payloadLeft == 0)
                {
                    EndData();
                }
                continue;
            }
            int header = Math.Min(YamuxFrame.HeaderBytes - _headerBytes, bytes.Length);
            bytes[..header].CopyTo(_header.AsSpan(_headerBytes));
            bytes = bytes[header..];
            _headerBytes += header;
            if (_headerBytes == YamuxFrame.HeaderBytes)
            {
                _headerBytes = 0;
                if (!YamuxFrame.TryRead(_header, out YamuxFrame frame))
                {
                    throw Invalid($"A frame header is malformed: {Convert.ToHexStringLower(_header)}.");
                }
                Handle(frame);
            }
        }
    }

    private void Handle(YamuxFrame frame)
    {
        switch (frame.Type)
        {
            case YamuxType.Ping:
                HandlePing(frame);
                break;
            case YamuxType.GoAway:
                lock (_gate)
                {
                    _remoteGoAway = true;
                }
                if (frame.Length != (uint)YamuxGoAway.Normal)
                {
                    throw new Libp2pException(DropReason.RemoteClose, $"The peer gave the connection up with code {frame.Length}.");
                }
                break;
            default:
                HandleStreamFrame(frame);
                break;
        }
    }

    private void HandleStreamFrame(YamuxFrame frame)
    {
        YamuxStream? stream;
        YamuxStream? opened = null;
        lock (_gate)
        {
            if (_ended is not null)
            {
                return;
            }
            if (frame.Flags.HasFlag(YamuxFlags.Syn))
            {
                opened = Open(frame.StreamId);
            }
            // Frames for a stream that is gone are normal: the peer sent them before it saw our reset.
            stream = _streams.GetValueOrDefault(frame.StreamId);
            if (stream is { RemoteClosed: true } && frame.Type == YamuxType.Data && frame.Length > 0)
            {
                throw Invalid($"Data on stream {frame.StreamId} after its close.");
            }
            if (stream is { IsReleased: true } && frame.Type == YamuxType.Data && frame.Length > 0)
            {
                Fail(stream, new Libp2pException(DropReason.LocalClose, $"Stream {frame.StreamId} was disposed here."));
                EnqueueAnswer(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Rst, frame.StreamId, 0));
                stream = null;
            }
            if (frame.Type == YamuxType.WindowUpdate && stream is not null)
            {
                stream.SendWindowBytes += frame.Length;
                if (stream.SendWindowBytes > uint.MaxValue)
                {
                    throw Invalid($"The window of stream {frame.StreamId} overflows.");
                }
                Queue(stream);
            }
            if (frame.Type == YamuxType.Data)
            {
                if (stream is not null && (stream.ReceiveCreditBytes -= frame.Length) < 0)
                {
                    throw new Libp2pException(
                        DropReason.WindowExceeded,
                        $"Stream {frame.StreamId} got {frame.Length} bytes, {-stream.ReceiveCreditBytes} more than its window.");
                }
                _payloadLeft = frame.Length;
                _payloadStream = stream;
            }
        }
        if (opened is not null && !_accepted.Writer.TryWrite(opened))
        {
            opened.Reset(DropReason.LocalClose);
        }
        _payloadFlags = frame.Flags;
        if (frame.Type == YamuxType.WindowUpdate || frame.Length == 0)
        {
            _payloadStream = stream;
            EndData();
        }
    }

    // Close and reset take effect behind the data of their frame.
    private void EndData()
    {
        YamuxStream? stream = _payloadStream;
        _payloadStream = null;
        if (stream is null)
        {
            return;
        }
        if (_payloadFlags.HasFlag(YamuxFlags.Rst))
        {
            Libp2pException cause = new(DropReason.RemoteReset, $"The peer reset stream {stream.StreamId}.");
            lock (_gate)
            {
                Fail(stream, cause);
            }
            stream.CompleteInput(cause);
        }
        else if (_payloadFlags.HasFlag(YamuxFlags.Fin))
        {
            lock (_gate)
            {
                stream.RemoteClosed = true;
                if (stream.LocalClosed)
                {
                    Remove(stream);
                }
            }
            stream.CompleteInput(null);
        }
    }

    // With the lock held: the new stream, or null when the peer has too many and this one is reset.
    private YamuxStream? Open(uint id)
    {
        bool isTheirs = id % 2 == (_isDialer ? 0u : 1u);
        if (!isTheirs || _streams.ContainsKey(id))
        {
            throw Invalid($"The peer opened stream {id}, which is {(isTheirs ? "open already" : "not a number of its side")}.");
        }
        if (_inbound >= _options.MaxInboundStreams || _options.Quota?.TryTake() == false)
        {
            if (++_refused > _options.MaxRefusedStreams)
            {
                throw new Libp2pException(DropReason.StreamFlood, $"The peer opened {_refused} streams beyond its limit; dropping it.");
            }
            EnqueueAnswer(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Rst, id, 0));
            return null;
        }
        YamuxStream stream = new(this, id, isInbound: true) { LastUpdateTimestamp = _time.GetTimestamp() };
        _inbound++;
        _streams.Add(id, stream);
        EnqueueAnswer(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Ack, id, 0));
        return stream;
    }

    // With the lock held: an answer that the peer provoked.
    private void EnqueueAnswer(YamuxFrame frame)
    {
        if (_control.Count >= _options.MaxQueuedControlFrames)
        {
            throw new Libp2pException(
                DropReason.ControlFlood, $"{_control.Count} answers wait for a peer that does not read them; dropping it.");
        }
        Enqueue(frame);
    }

    private static Libp2pException Invalid(string message) => new(DropReason.YamuxInvalid, message);
}
