using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tracing;

/// <summary>What providers did for one artifact, as events of its span.</summary>
internal sealed class ArtifactTrace(BootSpan span, IReadOnlyList<ProviderSession> sessions)
{
    private const int MaxReasonLength = 160;

    private readonly Lock _gate = new();
    private readonly HashSet<ProviderSession> _started = [];
    private readonly Dictionary<ProviderSession, long> _before =
        sessions.ToDictionary(session => session, session => session.DeliveredBytes);

    public BootSpan Span => span;

    /// <summary>It is asked for a part of the artifact; only its first request counts.</summary>
    public void Started(ProviderSession session)
    {
        lock (_gate)
        {
            if (!_started.Add(session))
            {
                return;
            }
        }

        span.Note(TraceKeys.Started, Named(session.Provider));
    }

    public void Failed(ProviderSession session, FetchFault fault) =>
        span.Note(TraceKeys.Failed, Named(session.Provider), Reason(fault.Detail));

    /// <summary>The download has ended, for better or worse: says who has delivered how much.</summary>
    public void Delivered()
    {
        foreach (ProviderSession session in sessions)
        {
            long bytes = session.DeliveredBytes - _before[session];
            if (bytes > 0)
            {
                span.Note(TraceKeys.Delivered, Named(session.Provider), TraceTag.Of(TraceKeys.Bytes, bytes));
            }
        }
    }

    public static TraceTag Named(ProviderCandidate provider) =>
        TraceTag.Of(TraceKeys.Provider, BootReporter.Names([provider])[0]);

    /// <summary>Short enough that the events of a span fit a request.</summary>
    public static TraceTag Reason(string reason) => TraceTag.Of(TraceKeys.Reason, TraceLimits.Fit(reason, MaxReasonLength));
}
