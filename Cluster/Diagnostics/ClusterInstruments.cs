using System.Diagnostics.Metrics;

namespace PhaseMesh.Cluster.Diagnostics;

/// <summary>The meter of the grain engine. Names are part of its surface; docs/metrics.md lists them.</summary>
public static class ClusterInstruments
{
    public const string MeterName = "PhaseMesh.Cluster";
    public const string Calls = "cluster.calls";
    public const string CallFailures = "cluster.calls.failed";
    public const string CallSeconds = "cluster.calls.duration";
    public const string CachedReads = "cluster.reads.cached";
    public const string StorageReads = "cluster.reads.storage";
    public const string Conflicts = "cluster.writes.conflicts";
    public const string Writes = "cluster.writes";
    public const string BatchRequests = "cluster.storage.batch.size";
    public const string StorageSeconds = "cluster.storage.duration";
    public const string Events = "cluster.events";
    public const string Reminders = "cluster.reminders";

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> CallCounter = Meter.CreateCounter<long>(Calls, "{call}", "Grain calls");
    private static readonly Counter<long> FailureCounter = Meter.CreateCounter<long>(CallFailures, "{call}", "Grain calls that threw");
    private static readonly Histogram<double> CallHistogram = Meter.CreateHistogram(
        CallSeconds, "s", "Time of calls that were not answered from the cache", null, Seconds);
    private static readonly Counter<long> CachedCounter = Meter.CreateCounter<long>(
        CachedReads, "{call}", "Read-only calls answered from the cache");
    private static readonly Counter<long> ReadCounter = Meter.CreateCounter<long>(StorageReads, "{read}", "States asked of the storage");
    private static readonly Counter<long> ConflictCounter = Meter.CreateCounter<long>(
        Conflicts, "{turn}", "Turns that lost to another silo and ran again");
    private static readonly Counter<long> WriteCounter = Meter.CreateCounter<long>(Writes, "{write}", "Acknowledged writes");
    private static readonly Histogram<int> BatchHistogram = Meter.CreateHistogram(
        BatchRequests, "{request}", "Requests of one round trip to the storage", null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });
    private static readonly Histogram<double> StorageHistogram = Meter.CreateHistogram(
        StorageSeconds, "s", "Time of round trips to the storage", null, Seconds);
    private static readonly Counter<long> EventCounter = Meter.CreateCounter<long>(Events, "{event}", "Events handed to subscribers");
    private static readonly Counter<long> ReminderCounter = Meter.CreateCounter<long>(Reminders, "{reminder}", "Reminders run");

    internal static void Call(string grain)
    {
        if (CallCounter.Enabled)
        {
            CallCounter.Add(1, Grain(grain));
        }
    }

    internal static void CachedRead(string grain)
    {
        if (CachedCounter.Enabled)
        {
            CachedCounter.Add(1, Grain(grain));
        }
    }

    internal static void CallDone(string grain, TimeSpan elapsed)
    {
        if (CallHistogram.Enabled)
        {
            CallHistogram.Record(elapsed.TotalSeconds, Grain(grain));
        }
    }

    internal static void CallFailed(string grain, Exception exception) =>
        FailureCounter.Add(1, Grain(grain), new KeyValuePair<string, object?>("exception", exception.GetType().Name));

    internal static void Conflict(string grain) => ConflictCounter.Add(1, Grain(grain));

    internal static void Batch(string kind, int requests, TimeSpan elapsed)
    {
        KeyValuePair<string, object?> tag = new("kind", kind);
        (kind == "write" ? WriteCounter : ReadCounter).Add(requests);
        BatchHistogram.Record(requests, tag);
        StorageHistogram.Record(elapsed.TotalSeconds, tag);
    }

    internal static void EventDelivered() => EventCounter.Add(1);

    internal static void Reminder(bool isDone) =>
        ReminderCounter.Add(1, new KeyValuePair<string, object?>("outcome", isDone ? "done" : "failed"));

    private static KeyValuePair<string, object?> Grain(string grain) => new("grain", grain);
}
