namespace PhaseMesh.Gateway.Forwarding;

internal enum WatchEnd
{
    /// <summary>It goes on.</summary>
    None,
    Stalled,
    Overtaken,
    Stopped,
}

/// <summary>
/// Cancels a transfer that makes too little progress: fewer than so many bytes in an interval that was spent waiting for the replica. Time
/// spent waiting for our own memory or hashing does not count.
/// </summary>
internal sealed class ProgressWatch : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly int _minBytes;
    private readonly CancellationTokenSource _cancellation;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _bytes;
    private TimeSpan _waited;
    private long _armedAt;
    private bool _isArmed;
    private TimeSpan? _headDeadline;
    private WatchEnd _end;

    public ProgressWatch(TimeProvider clock, ForwardingOptions options, CancellationToken stopping)
    {
        _clock = clock;
        _interval = options.ProgressInterval;
        _minBytes = options.MinProgressBytes;
        _headDeadline = options.HeaderTimeout + options.ConnectTimeout;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        TimeSpan tick = _interval / 4;
        _timer = clock.CreateTimer(static state => ((ProgressWatch)state!).Tick(), this, tick, tick);
        Arm();
    }

    public CancellationToken Token => _cancellation.Token;

    /// <summary>Why it was cancelled; <see cref="WatchEnd.Stopped"/> when by the outer token.</summary>
    public WatchEnd End
    {
        get
        {
            lock (_gate)
            {
                return _end is WatchEnd.None && _cancellation.IsCancellationRequested ? WatchEnd.Stopped : _end;
            }
        }
    }

    /// <summary>The replica's turn.</summary>
    public void Arm()
    {
        lock (_gate)
        {
            (_isArmed, _armedAt) = (true, _clock.GetTimestamp());
        }
    }

    /// <summary>Ours.</summary>
    public void Disarm(int receivedBytes)
    {
        lock (_gate)
        {
            _waited += _clock.GetElapsedTime(_armedAt);
            _isArmed = false;
            _bytes += receivedBytes;
            if (_bytes >= _minBytes)
            {
                (_bytes, _waited) = (0, TimeSpan.Zero);
            }
        }
    }

    /// <summary>The head of the answer has come; from now on bytes count.</summary>
    public void HeadCame()
    {
        lock (_gate)
        {
            _headDeadline = null;
            (_isArmed, _waited, _bytes) = (false, TimeSpan.Zero, 0);
        }
    }

    public void Cancel(WatchEnd end)
    {
        lock (_gate)
        {
            if (_end is not WatchEnd.None)
            {
                return;
            }

            _end = end;
        }

        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The transfer has ended meanwhile, which is what was wanted.
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _cancellation.Dispose();
    }

    private void Tick()
    {
        lock (_gate)
        {
            TimeSpan waited = _waited + (_isArmed ? _clock.GetElapsedTime(_armedAt) : TimeSpan.Zero);
            if (waited < (_headDeadline ?? _interval))
            {
                return;
            }
        }

        Cancel(WatchEnd.Stalled);
    }
}
