using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tracing;

/// <summary>One step of a boot as it is recorded: at most so many attributes and events as the fleet takes, of events the newest.</summary>
internal sealed class BootSpan(BootTrace trace, string id, BootSpan? parent, string name, long began)
{
    /// <summary>One less than the fleet takes, for the count of dropped events.</summary>
    private const int MaxAttributes = TraceLimits.MaxAttributes - 1;

    private readonly Lock _gate = new();
    private readonly List<TraceTag> _attributes = [];
    private readonly Queue<(string Name, long At, TraceTag[] Attributes)> _events = [];
    private long _droppedEvents;
    private long? _ended;
    private string? _error;

    public BootTrace Trace => trace;

    public long Began => began;

    /// <summary>As a timestamp; null: it is under way.</summary>
    public long? Ended
    {
        get
        {
            lock (_gate)
            {
                return _ended;
            }
        }
    }

    /// <summary>The header by which others hang their spans below this one (W3C Trace Context).</summary>
    public string TraceParent => $"00-{trace.Id}-{id}-01";

    public BootSpan Begin(string child) => trace.Begin(child, this);

    /// <summary>The last value of a key counts.</summary>
    public void Set(TraceTag attribute)
    {
        lock (_gate)
        {
            _attributes.RemoveAll(each => each.Key == attribute.Key);
            if (_attributes.Count < MaxAttributes)
            {
                _attributes.Add(attribute);
            }
        }
    }

    /// <summary>How many spans of its trace were not kept.</summary>
    public void SetDropped(long spans)
    {
        if (spans > 0)
        {
            Set(TraceTag.Of(TraceKeys.DroppedSpans, spans));
        }
    }

    public void Note(string what, params TraceTag[] attributes)
    {
        lock (_gate)
        {
            if (_events.Count == TraceLimits.MaxEvents)
            {
                _events.Dequeue();
                _droppedEvents++;
            }

            _events.Enqueue((what, trace.Now, attributes));
        }
    }

    public void End() => EndAt(trace.Now);

    /// <summary>Only the first end counts.</summary>
    public void EndAt(long timestamp)
    {
        lock (_gate)
        {
            if (_ended is not null)
            {
                return;
            }

            _ended = Math.Max(timestamp, began);
        }

        trace.Ended?.Invoke(this);
    }

    /// <summary>Also after its end: what seemed done was not.</summary>
    public void Fail(string reason)
    {
        lock (_gate)
        {
            _ended = trace.Now;
            _error = TraceLimits.Fit(reason, TraceLimits.MaxMessageLength);
        }

        trace.Ended?.Invoke(this);
    }

    /// <summary>A step that ends this span, with its failure if it fails.</summary>
    public async Task<T> DuringAsync<T>(Func<Task<T>> step)
    {
        try
        {
            T result = await step();
            End();
            return result;
        }
        catch (OperationCanceledException)
        {
            Fail("stopped");
            throw;
        }
        catch (Exception failure)
        {
            Fail(failure.Message);
            throw;
        }
    }

    public Task DuringAsync(Func<Task> step) => DuringAsync(async () =>
    {
        await step();
        return true;
    });

    /// <param name="clockOffset">How far the clock is known to be off.</param>
    public TraceSpan Take(TimeSpan clockOffset)
    {
        lock (_gate)
        {
            return new TraceSpan
            {
                Id = id,
                Parent = parent?.SpanId,
                Name = name,
                Start = trace.At(began, clockOffset),
                End = _ended is { } end ? trace.At(end, clockOffset) : null,
                Attributes =
                [
                    .. _attributes,
                    .. _droppedEvents > 0 ? [TraceTag.Of(TraceKeys.DroppedEvents, _droppedEvents)] : Array.Empty<TraceTag>(),
                ],
                Events = [.. _events.Select(told => new TraceEvent(told.Name, trace.At(told.At, clockOffset), told.Attributes))],
                Error = _error,
            };
        }
    }

    private string SpanId => id;
}
