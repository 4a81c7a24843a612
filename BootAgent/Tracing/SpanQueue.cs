using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tracing;

/// <summary>
/// Spans that have ended and that the fleet has not taken yet. A boot may fail round after round for a day, and the fleet keeps so much of
/// one boot: so the boot's beginning is sent as it happens, then spans wait for its end, of which the newest are kept. Safe to use from
/// several tasks.
/// </summary>
internal sealed class SpanQueue
{
    /// <summary>Waiting; of more the oldest are dropped. They fit one request, and the file for the next kernel.</summary>
    public const int MaxPending = 96;
    public const int MaxPendingBytes = 40 * 1024;

    /// <summary>Sent while the boot goes on, together less than half of what the fleet keeps.</summary>
    public const int MaxLive = 256;
    public const int MaxLiveBytes = 112 * 1024;

    private readonly Lock _gate = new();
    private readonly List<PendingSpan> _pending = [];
    private int _sent;
    private long _sentBytes;
    private bool _isClosed;

    /// <summary>Spans that nobody will hear of.</summary>
    public long Dropped { get; private set; }

    public void Add(BootSpan span)
    {
        int bytes = TraceWriter.SizeOf(span.Take(TimeSpan.Zero));
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _pending.RemoveAll(each => each.Span == span); // It ended otherwise than it was thought to.
            _pending.Add(new PendingSpan(span, bytes));
            while (_pending.Count > MaxPending || _pending.Sum(each => each.Bytes) > MaxPendingBytes)
            {
                _pending.RemoveAt(0);
                Dropped++;
            }
        }
    }

    /// <param name="isLast">The boot is at its end.</param>
    public bool HasDue(bool isLast)
    {
        lock (_gate)
        {
            return _pending.Count > 0 && (isLast || (_sent < MaxLive && _sentBytes < MaxLiveBytes));
        }
    }

    public IReadOnlyList<PendingSpan> Pending
    {
        get
        {
            lock (_gate)
            {
                return [.. _pending];
            }
        }
    }

    /// <param name="taken">Of <see cref="Pending"/>, what the fleet has.</param>
    public void Remove(IEnumerable<PendingSpan> taken)
    {
        lock (_gate)
        {
            foreach (PendingSpan each in taken)
            {
                _sent++;
                _sentBytes += each.Bytes;
                _pending.Remove(each);
            }
        }
    }

    /// <summary>The fleet takes none: nothing is kept for it any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _pending.Clear();
        }
    }

    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _isClosed;
            }
        }
    }
}

/// <summary>A span as it was when it ended, which is another one when it turns out to have failed after all.</summary>
internal sealed class PendingSpan(BootSpan span, int bytes)
{
    public BootSpan Span => span;

    public int Bytes => bytes;
}
