using System.Collections.Concurrent;
using System.Diagnostics;

namespace PhaseMesh.TestKit.Tracing;

/// <summary>Sees every activity of one trace that begins to run in this process, whoever makes it, listener or not.</summary>
public sealed class ActivityProbe : IDisposable
{
    private readonly ConcurrentQueue<string> _seen = new();
    private readonly ActivityTraceId _trace;

    public ActivityProbe(string traceId)
    {
        _trace = ActivityTraceId.CreateFromString(traceId);
        Activity.CurrentChanged += Changed;
    }

    /// <summary>Names of their operations.</summary>
    public IReadOnlyCollection<string> Seen => _seen;

    public void Dispose() => Activity.CurrentChanged -= Changed;

    private void Changed(object? sender, ActivityChangedEventArgs change)
    {
        if (change.Current is { } current && current.TraceId == _trace)
        {
            _seen.Enqueue(current.OperationName);
        }
    }
}
