using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.InMemory;

/// <summary>The simplest storage that passes the suite: dictionaries under one lock, shared by the silos of a process.</summary>
internal sealed class InMemoryGrainStorage : GrainStorage
{
    public Lock Gate { get; } = new();

    public Dictionary<StateId, InMemoryRow> Rows { get; } = [];

    public List<FeedEvent> Events { get; } = [];

    public Dictionary<SiloIdentity, InMemorySilo> Silos { get; } = [];

    public Dictionary<ReminderId, InMemoryReminder> Reminders { get; } = [];

    public List<(InMemoryStore Store, IChangeSink Sink)> Sinks { get; } = [];

    public long LastSequence { get; set; }

    /// <summary>A fault for tests: nothing is answered while it is set.</summary>
    public bool IsAway { get; set; }

    internal override IStore Open(GrainClusterOptions options, ClusterLog log) => new InMemoryStore(this, options.TimeProvider);
}

internal sealed record InMemoryRow(
    long Version, int Schema, byte[]? Json, IReadOnlyDictionary<string, object> Fields, long Tag, DateTimeOffset ChangedAt);

internal sealed record InMemorySilo(
    string Address, string Version, DateTimeOffset StartedAt, DateTimeOffset SeenAt, DateTimeOffset LeaseEnd, bool HasLeft);

internal sealed record InMemoryReminder(
    DateTimeOffset FirstDue, TimeSpan Period, DateTimeOffset Due, DateTimeOffset HeldUntil, long Claim, int Attempts);
