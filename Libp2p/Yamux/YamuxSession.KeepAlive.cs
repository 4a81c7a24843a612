namespace PhaseMesh.Libp2p.Yamux;

/// <summary>Pings: one at the start for the round trip, then one per interval; silence after one means that the peer is gone.</summary>
internal sealed partial class YamuxSession
{
    private TaskCompletionSource? _pong;
    private uint _pingId;
    private long _pingTimestamp;
    private long _roundTripTicks = -1;
    private volatile bool _receivedSincePing;

    public TimeSpan? RoundTrip => Interlocked.Read(ref _roundTripTicks) is >= 0 and long ticks ? TimeSpan.FromTicks(ticks) : null;

    private async Task KeepAliveLoopAsync()
    {
        try
        {
            while (true)
            {
                Task pong = SendPing();
                while (!pong.IsCompleted)
                {
                    await Task.WhenAny(pong, Task.Delay(_options.KeepAliveTimeout, _time, _stop.Token));
                    _stop.Token.ThrowIfCancellationRequested();
                    // Data that still arrives proves life as well: the answer may be queued behind megabytes of it.
                    if (!pong.IsCompleted && !_receivedSincePing)
                    {
                        End(new Libp2pException(DropReason.KeepAliveTimeout, $"No answer to a ping within {_options.KeepAliveTimeout}."));
                        return;
                    }
                    _receivedSincePing = false;
                }
                await Task.Delay(_options.KeepAliveInterval, _time, _stop.Token);
                ResetLingering();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The session has ended.
        }
    }

    private Task SendPing()
    {
        lock (_gate)
        {
            _pong = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _receivedSincePing = false;
            _pingTimestamp = _time.GetTimestamp();
            Enqueue(new YamuxFrame(YamuxType.Ping, YamuxFlags.Syn, 0, ++_pingId));
            return _pong.Task;
        }
    }

    private void HandlePing(YamuxFrame frame)
    {
        lock (_gate)
        {
            if (frame.Flags == YamuxFlags.Syn)
            {
                EnqueueAnswer(frame with { Flags = YamuxFlags.Ack });
                return;
            }
            if (frame.Flags != YamuxFlags.Ack || _pong is null || frame.Length != _pingId)
            {
                throw Invalid($"A ping answer {frame.Length} that nobody asked for.");
            }
            Interlocked.Exchange(ref _roundTripTicks, _time.GetElapsedTime(_pingTimestamp).Ticks);
            _pong.SetResult();
            _pong = null;
        }
    }
}
