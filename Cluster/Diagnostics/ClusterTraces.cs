using System.Diagnostics;

namespace PhaseMesh.Cluster.Diagnostics;

/// <summary>Spans of grain calls that are not answered from the cache, within traces that are recorded already; they begin none.</summary>
public static class ClusterTraces
{
    public const string SourceName = "PhaseMesh.Cluster";

    private const string Lost = "turn.lost";

    private static readonly ActivitySource Source = new(SourceName);

    /// <param name="method">Class and method.</param>
    /// <param name="key">The grain's.</param>
    /// <returns>Null outside recorded traces.</returns>
    internal static Activity? Call(string method, string key) =>
        Source.HasListeners() && Activity.Current is { Recorded: true }
            ? Source.StartActivity(method)?.SetTag("phase.grain.key", key)
            : null;

    internal static void Failed(this Activity? call, Exception exception) => call?
        .SetStatus(ActivityStatusCode.Error, exception.Message).SetTag("error.type", exception.GetType().FullName);

    /// <summary>Another silo wrote first; the call runs again.</summary>
    internal static void TurnLost()
    {
        if (Activity.Current is { Recorded: true } call && call.Source == Source)
        {
            call.AddEvent(new ActivityEvent(Lost));
        }
    }
}
