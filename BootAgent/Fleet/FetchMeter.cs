using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>Tells the fleet how far the downloads of one attempt are: at the start, each second, and at the end.</summary>
internal sealed class FetchMeter : IAsyncDisposable
{
    private readonly BootConsole _console;
    private readonly IReadOnlyList<ProviderSession> _sessions;
    private readonly long _totalBytes;
    private readonly Action<BootEvent> _tell;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private Func<long> _current = () => 0;
    private long _finishedBytes;
    private long _toldBytes;
    private long _toldAt;

    /// <param name="totalBytes">Of all artifacts.</param>
    public FetchMeter(
        BootConsole console, IReadOnlyList<ProviderSession> sessions, long totalBytes, TimeSpan interval, Action<BootEvent> tell)
    {
        (_console, _sessions, _totalBytes, _tell, _toldAt) = (console, sessions, totalBytes, tell, console.Time.GetTimestamp());
        _timer = console.Time.CreateTimer(_ => Tell(), null, interval, interval);
        Tell();
    }

    /// <param name="doneBytes">Of the artifact that is fetched now; called from a timer.</param>
    public void Follow(Func<long> doneBytes)
    {
        lock (_gate)
        {
            _current = doneBytes;
        }
    }

    /// <param name="sizeBytes">Of an artifact that is there now, wherever it came from.</param>
    public void Finish(long sizeBytes)
    {
        lock (_gate)
        {
            _current = () => 0;
            _finishedBytes += sizeBytes;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        Tell();
    }

    private void Tell()
    {
        lock (_gate)
        {
            long bytes = Math.Min(_finishedBytes + _current(), _totalBytes);
            double seconds = _console.Time.GetElapsedTime(_toldAt).TotalSeconds;
            long rate = seconds > 0.001 && bytes > _toldBytes ? (long)((bytes - _toldBytes) / seconds) : 0;
            (_toldBytes, _toldAt) = (bytes, _console.Time.GetTimestamp());
            _tell(new BootEvent(BootEvent.Fetching, _toldAt)
            {
                BytesFetched = bytes,
                BytesTotal = _totalBytes,
                BytesPerSecond = rate,
                From = BootReporter.Names(_sessions.Where(session => session.HasDelivered)
                    .OrderByDescending(session => session.BytesPerSecond).Select(session => session.Provider)),
            });
        }
    }
}
