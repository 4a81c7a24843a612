using System.Diagnostics.Metrics;

namespace PhaseMesh.Cluster.Diagnostics;

/// <summary>The meter of the grain engine. Names are part of its surface.</summary>
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

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> CallCounter = Meter.CreateCounter<long>(Calls, description: "Grain calls by grain class");
    private static readonly Counter<long> FailureCounter = Meter.CreateCounter<long>(
        CallFailures, description: "Grain calls that threw, by grain class and exception");
    private static readonly Histogram<double> CallHistogram = Meter.CreateHistogram<double>(
        CallSeconds, "s", "Duration of calls that were not answered from the cache, by grain class");
    private static readonly Counter<long> CachedCounter = Meter.CreateCounter<long>(
        CachedReads, description: "Read-only calls answered from the cache, by grain class");
    private static readonly Counter<long> ReadCounter = Meter.CreateCounter<long>(StorageReads, description: "States asked of the storage");
    private static readonly Counter<long> ConflictCounter = Meter.CreateCounter<long>(
        Conflicts, description: "Turns that lost to another silo and ran again, by grain class");
    private static readonly Counter<long> WriteCounter = Meter.CreateCounter<long>(Writes, description: "Acknowledged writes");
    private static readonly Histogram<int> BatchHistogram = Meter.CreateHistogram<int>(BatchRequests, description: "Requests per "
        + "round trip, by kind");
    private static readonly Histogram<double> StorageHistogram = Meter.CreateHistogram<double>(
        StorageSeconds, "s", "Duration of round trips to the storage, by kind");
    private static readonly Counter<long> EventCounter = Meter.CreateCounter<long>(Events, description: "Events handed to subscribers");
    private static readonly Counter<long> ReminderCounter = Meter.CreateCounter<long>(Reminders, description: "Reminders run, by outcome");

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
