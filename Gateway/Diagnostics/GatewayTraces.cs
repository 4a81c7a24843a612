using System.Diagnostics;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Gateway.Diagnostics;

/// <summary>
/// A gateway's spans below the request of a trace that is recorded: a fetch for each run of chunks, with what became of it as events, and
/// below it each request to a replica, which gets it as its parent. A chunk that several requests wait for is in the trace of the first.
/// </summary>
internal static class GatewayTraces
{
    public const string SourceName = "PhaseMesh.Gateway";

    private const string Provider = "phase.provider";
    private const string Offset = "phase.offset";
    private const string Bytes = "phase.bytes";
    private const string Fault = "phase.fault";

    public static ActivitySource Source { get; } = new(SourceName, GatewayMetrics.Version);

    public static IServiceCollection AddGatewayTracing(this IServiceCollection services, Func<string, string?> variable) =>
        services.AddTracing(
            new TracingOptions { Program = GatewayMetrics.Program, Version = GatewayMetrics.Version, Sources = [SourceName] }, variable);

    /// <summary>Of the request that runs here; default where its trace isn't recorded.</summary>
    public static ActivityContext Current => Activity.Current is { Recorded: true } request ? request.Context : default;

    /// <summary>What requests made for it carry; null where its trace isn't recorded.</summary>
    public static string? CurrentId => Activity.Current is { Recorded: true } request ? request.Id : null;

    /// <returns>Null where the run is for no recorded trace.</returns>
    public static Activity? Fetch(FetchRun run)
    {
        if (run.Interest.Trace == default)
        {
            return null;
        }

        Activity? span = Source.StartActivity(run.IsHedge ? "hedge" : "fetch chunks", ActivityKind.Internal, run.Interest.Trace);
        return span?.SetTag("phase.artifact.digest", run.Layout.Digest.ToString())
            .SetTag(Offset, run.NextOffset).SetTag(Bytes, run.EndOffsetOf(run.Chunks.Count - 1) - run.NextOffset);
    }

    /// <summary>The first choice of a run, or another one for the rest.</summary>
    public static void Chosen(this Activity? fetch, ReplicaLease lease, FetchRun run, bool isFirst) =>
        fetch?.AddEvent(new ActivityEvent(
            isFirst ? "replica.chosen" : "resumed", default, [new(Provider, lease.Endpoint.ProviderId), new(Offset, run.NextOffset)]));

    public static void Failed(this Activity? fetch, ReplicaLease lease, FetchRun run, ReplicaFault fault) =>
        fetch?.AddEvent(new ActivityEvent(
            "replica.failed", default,
            [new(Provider, lease.Endpoint.ProviderId), new(Offset, run.NextOffset), new(Fault, MetricLabel.Of(fault))]));

    public static void Hedged(this Activity? fetch, int chunkBytes) =>
        fetch?.AddEvent(new ActivityEvent("hedged", default, [new(Bytes, chunkBytes)]));

    public static void GaveUp(this Activity? fetch, string problem) => fetch?.SetStatus(ActivityStatusCode.Error, problem);

    /// <summary>The body of the request that runs here ends early.</summary>
    public static void Cut()
    {
        if (Activity.Current is { Recorded: true } request)
        {
            request.AddEvent(new ActivityEvent("cut"));
            request.SetStatus(ActivityStatusCode.Error, "no replica could give the rest");
        }
    }

    /// <returns>Null where the run is for no recorded trace.</returns>
    public static Activity? Request(FetchRun run, ReplicaLease lease, int stop)
    {
        if (run.Span is null)
        {
            return null;
        }

        Uri url = ReplicaTransport.UrlOf(lease.Endpoint, run.Layout.Digest);
        Activity? span = Source.StartActivity("GET /blobs/{digest}", ActivityKind.Client, run.Span.Context);
        return span?.SetTag("http.request.method", "GET").SetTag("url.full", url.AbsoluteUri).SetTag("server.address", url.Host)
            .SetTag("server.port", url.Port).SetTag(Provider, lease.Endpoint.ProviderId)
            .SetTag(Offset, run.NextOffset).SetTag(Bytes, run.EndOffsetOf(stop - 1) - run.NextOffset);
    }

    public static void Answered(this Activity? request, HttpResponseMessage answer) =>
        request?.SetTag("http.response.status_code", (int)answer.StatusCode);

    public static void Failed(this Activity? request, ReplicaFault fault) =>
        request?.SetStatus(ActivityStatusCode.Error, FaultText.Of(fault)).SetTag("error.type", MetricLabel.Of(fault));
}
