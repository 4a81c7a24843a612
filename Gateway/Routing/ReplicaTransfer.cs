namespace PhaseMesh.Gateway.Routing;

/// <summary>Measures one lease for its replica.</summary>
internal sealed class ReplicaTransfer : IReplicaLeaseOwner
{
    private readonly RouteClock _clock;
    private readonly ReplicaTable _table;
    private readonly ReplicaState _state;
    private readonly double _pickedAt;
    private readonly double _slowStartSeconds;
    private double _windowFrom;
    private double _windowLoad;
    private long _windowBytes;
    private long _bytes;
    private bool _hasAnswered;
    private bool _isJudged;
    private bool _isRated;
    private bool _skipsFirstRead;

    public ReplicaTransfer(RouteClock clock, ReplicaTable table, ReplicaState state, double pickedAt, double slowStartSeconds)
    {
        _clock = clock;
        _table = table;
        _state = state;
        _pickedAt = pickedAt;
        _slowStartSeconds = slowStartSeconds;
        state.Started(pickedAt);
    }

    public void FirstByte(ReplicaLease lease)
    {
        if (_hasAnswered)
        {
            return;
        }

        _hasAnswered = true;
        _skipsFirstRead = true;
        double now = _clock.Now;
        _state.FirstByte(now, _pickedAt, now - _pickedAt > _slowStartSeconds);
        OpenWindow(now);
    }

    public void Progress(ReplicaLease lease, int countBytes)
    {
        FirstByte(lease);
        double now = _clock.Now;
        _state.Heard(now, countBytes);
        _bytes += countBytes;

        // What the first read brings was under way already, in however large a piece: it says nothing about the rate.
        if (_skipsFirstRead)
        {
            _skipsFirstRead = false;
            _windowFrom = now;
            return;
        }

        _windowBytes += countBytes;
        if (now - _windowFrom >= _table.Options.MeasureEvery.TotalSeconds)
        {
            Rate(now, _windowBytes / (now - _windowFrom));
            OpenWindow(now);
        }
    }

    public void Fault(ReplicaLease lease, ReplicaFault fault)
    {
        _isJudged = true;
        if (fault is ReplicaFault.WrongBytes)
        {
            _table.Exclude(_state.ProviderId);
        }
        else
        {
            _state.Fault(_clock.Now, _pickedAt, fault);
        }
    }

    public void Completed(ReplicaLease lease)
    {
        _isJudged = true;
        MeasureRest();
        _state.Completed();
    }

    public void Ended(ReplicaLease lease)
    {
        if (!_isJudged)
        {
            // Given up by us: a hedge that lost, a client that left. What was seen so far still counts, or a slow replica whose transfers
            // are
            // always overtaken would never be found out.
            MeasureRest();
            double now = _clock.Now;
            if (!_hasAnswered)
            {
                _state.GaveUpWaiting(now, _pickedAt);
            }
        }

        _state.Ended();
    }

    private void MeasureRest()
    {
        double now = _clock.Now;
        double seconds = now - _windowFrom;
        if (_windowBytes >= _table.Options.LeastMeasuredBytes && seconds > 0)
        {
            Rate(now, _windowBytes / seconds);
        }
        else if (_hasAnswered && seconds >= _table.Options.MeasureEvery.TotalSeconds && !_isJudged)
        {
            Rate(now, _windowBytes / seconds);
        }
        else if (!_isRated && _bytes >= _table.Options.LeastMeasuredBytes)
        {
            // All in one read: the rate with the wait for it is all there is.
            Rate(now, _bytes / Math.Max(now - _pickedAt, 1e-6));
        }
    }

    private void OpenWindow(double now)
    {
        _windowFrom = now;
        _windowBytes = 0;
        _windowLoad = _state.InFlight + _state.OthersAt(now);
    }

    private void Rate(double now, double bytesPerSecond)
    {
        _isRated = true;
        _state.Rated(now, bytesPerSecond, _windowLoad);
    }
}
