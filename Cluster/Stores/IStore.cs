using PhaseMesh.Cluster.Queries;

namespace PhaseMesh.Cluster.Stores;

/// <summary>What a failure of a storage means for the request that met it.</summary>
internal enum StorageFault
{
    /// <summary>The storage is out of reach; a write may have happened.</summary>
    Away,

    /// <summary>Nothing happened; try again.</summary>
    Transient,

    /// <summary>Nothing happened, and it never will: the request or the schema is at fault.</summary>
    Rejected,
}

/// <summary>One storage as seen by one silo. PostgreSQL, SQLite and memory implement it and pass one suite.</summary>
internal interface IStore : IAsyncDisposable
{
    /// <summary>For messages: what and where, without credentials.</summary>
    string Description { get; }

    /// <summary>How many write batches may be under way at once.</summary>
    int WriteLanes { get; }

    int ReadLanes { get; }

    IStoreTables Tables { get; }

    /// <summary>Makes or migrates the schema and begins to listen for changes.</summary>
    Task StartAsync(StorePlan plan, IChangeSink changes, CancellationToken cancellationToken);

    /// <summary>Ends normally when the storage answers.</summary>
    Task ProbeAsync(CancellationToken cancellationToken);

    StorageFault Classify(Exception exception);

    IStoreLane OpenLane();
}

/// <summary>One connection's worth of work; used by one batch at a time. After an exception it repairs itself at the next use.</summary>
internal interface IStoreLane : IAsyncDisposable
{
    /// <summary>Completes every request of the batch, or throws and completes none.</summary>
    Task ReadAsync(IReadOnlyList<StateRead> batch);

    /// <summary>
    /// All writes in one transaction, each on its own condition; the batch is sorted by id and names no state twice. Completes every
    /// request, or throws; what it completed before it threw stays so.
    /// </summary>
    /// <param name="batch">What to write.</param>
    /// <param name="sent">Called right before the first byte leaves that could make the writes happen.</param>
    Task WriteAsync(IReadOnlyList<StateWrite> batch, Action sent);
}

/// <summary>What the engine needs of the schema.</summary>
/// <param name="Kinds">Kind and declared fields of each state.</param>
internal sealed record StorePlan(IReadOnlyDictionary<string, StateFields> Kinds);

/// <summary>Told by a store what others changed. Never blocks.</summary>
internal interface IChangeSink
{
    /// <summary>A state has at least this version now.</summary>
    void OnChanged(ulong hash, long version);

    /// <summary>Changes may have been missed: whatever was read before this call is not known to be fresh.</summary>
    void OnChangesMissed();

    /// <summary>All changes committed before <paramref name="timestamp"/> (of the cluster's clock) have been told.</summary>
    void OnCaughtUp(long timestamp);

    /// <summary>There may be new events.</summary>
    void OnEvents();

    /// <summary>The storage's own time, read between two timestamps of the cluster's clock. Not told by storages on this machine.</summary>
    void OnTime(DateTimeOffset at, long asked, long answered);
}
