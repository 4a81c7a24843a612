using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Engine;

/// <summary>One version of a state as it was written; shared by all readers, never changed.</summary>
internal sealed class StateSnapshot(long version, int schema, byte[]? json, int epoch, long asOf)
{
    private object? _value;
    private volatile bool _isStale;

    /// <summary>0 where there never was a record.</summary>
    public long Version => version;

    /// <summary>Null: no record.</summary>
    public byte[]? Json => json;

    /// <summary>The change listener's epoch when this was asked for; in another one, changes may have been missed since.</summary>
    public int Epoch => epoch;

    /// <summary>Timestamp at which this was, or still was, the newest.</summary>
    public long AsOf { get; private set; } = asOf;

    /// <summary>Somebody wrote a newer one.</summary>
    public bool IsStale
    {
        get => _isStale;
        set => _isStale = value;
    }

    /// <summary>The same version, seen again: newest as of later.</summary>
    public StateSnapshot Confirm(int epoch, long asOf) => new(version, schema, json, epoch, asOf) { _value = _value };

    /// <summary>A copy of its own.</summary>
    public object Copy(StateCodec codec, string what) => json is null ? codec.New() : codec.Read(json, schema, what);

    /// <summary>The one that readers share.</summary>
    public object Shared(StateCodec codec, string what) =>
        _value ?? Interlocked.CompareExchange(ref _value, Copy(codec, what), null) ?? _value;
}
