using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Engine;

/// <summary>One state of one grain in this silo's memory.</summary>
internal sealed class StateSlot(StateId id, StateCodec codec)
{
    private readonly Lock _gate = new();
    private volatile StateSnapshot? _current;
    private long _heardVersion;
    private (Task<StateSnapshot> Task, long Began)? _loading;

    public StateId Id => id;

    public ulong Hash { get; } = id.Hash();

    public StateCodec Codec => codec;

    /// <summary>Another state in memory with the same hash.</summary>
    public StateSlot? NextOfHash { get; set; }

    /// <summary>The newest this silo saw; null before the first load.</summary>
    public StateSnapshot? Current => _current;

    public string Name => $"{id.Kind}/{id.Key}";

    /// <summary>Another silo wrote this version.</summary>
    public void Hear(long version)
    {
        lock (_gate)
        {
            _heardVersion = Math.Max(_heardVersion, version);
            if (_current is { } current && current.Version < version)
            {
                current.IsStale = true;
            }
        }
    }

    /// <summary>A write of this silo was acknowledged.</summary>
    public void Written(StateSnapshot written)
    {
        lock (_gate)
        {
            if (_current is null || _current.Version < written.Version)
            {
                written.IsStale = written.Version < _heardVersion;
                _current = written;
            }
        }
    }

    /// <summary>A write of this silo lost, or nobody knows: what is in memory can't be relied on.</summary>
    public void Doubt()
    {
        lock (_gate)
        {
            if (_current is { } current)
            {
                current.IsStale = true;
            }
        }
    }

    /// <summary>The newest state. Callers that bear a load begun up to <paramref name="shareWindow"/> ago share it.</summary>
    public Task<StateSnapshot> LoadAsync(StorageSession session, long deadline, TimeSpan shareWindow)
    {
        if (shareWindow <= TimeSpan.Zero)
        {
            return LoadNowAsync(session, deadline);
        }

        TaskCompletionSource<StateSnapshot> shared = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_loading is { } loading && !loading.Task.IsCompleted && session.Time.GetElapsedTime(loading.Began) <= shareWindow)
            {
                return loading.Task;
            }

            _loading = (shared.Task, session.Time.GetTimestamp());
        }

        // Outside the lock: a store may answer at once, and may be telling this slot of a change just now.
        _ = ShareAsync(session, deadline, shared);
        return shared.Task;
    }

    /// <summary>Never throws: what happens goes to those who share it.</summary>
    private async Task ShareAsync(StorageSession session, long deadline, TaskCompletionSource<StateSnapshot> shared)
    {
        try
        {
            shared.SetResult(await LoadNowAsync(session, deadline));
        }
        catch (Exception exception)
        {
            shared.SetException(exception);
        }
    }

    private async Task<StateSnapshot> LoadNowAsync(StorageSession session, long deadline)
    {
        StateSnapshot? known = _current;
        long heard = Volatile.Read(ref _heardVersion);
        int epoch = session.Epoch;
        long asOf = session.Time.GetTimestamp();
        StoredState stored = await session.ReadAsync(id, known?.Version ?? -1, deadline);
        StateSnapshot loaded = stored.IsUnchanged && known is not null
            ? known.Confirm(epoch, asOf)
            : new StateSnapshot(stored.Version, stored.Schema, stored.Json, epoch, asOf);
        lock (_gate)
        {
            // What came in meanwhile may be newer than this answer. A lower version than known before is believed: the database was
            // restored.
            if (ReferenceEquals(_current, known) || _current is null || _current.Version <= loaded.Version)
            {
                loaded.IsStale = _heardVersion != heard && loaded.Version < _heardVersion;
                _heardVersion = loaded.IsStale ? _heardVersion : loaded.Version;
                _current = loaded;
            }

            return _current;
        }
    }
}
