using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>
/// Resets a stream when a step on it takes too long; the step then throws. One timer per stream, armed again for each step.
/// </summary>
internal sealed class StallTimer : IDisposable
{
    private readonly ITimer _timer;
    private volatile bool _hasFired;

    public StallTimer(MuxedStream stream, TimeProvider time) => _timer = time.CreateTimer(
        _ =>
        {
            _hasFired = true;
            stream.Reset(DropReason.ReadTimeout);
        },
        null,
        Timeout.InfiniteTimeSpan,
        Timeout.InfiniteTimeSpan);

    public bool HasFired => _hasFired;

    public void Start(TimeSpan limit) => _timer.Change(limit, Timeout.InfiniteTimeSpan);

    public void Stop() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();
}
