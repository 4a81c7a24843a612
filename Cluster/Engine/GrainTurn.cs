using PhaseMesh.Cluster.Storage;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Engine;

/// <summary>
/// One run of one method. It sees the versions it began with; a turn that may write changes copies of its own, which become everyone's
/// by its one write and are gone otherwise. So a method that throws leaves nothing behind, and one that lost can simply run again.
/// </summary>
internal sealed class GrainTurn(Activation activation, GrainMethod method, GrainTurn? parent, StateSnapshot[] snapshots, long deadline)
{
    private const int MaxEvents = 16;

    private static readonly AsyncLocal<GrainTurn?> Ambient = new();

    private object?[]? _copies;
    private StateSnapshot?[]? _newer;
    private List<PendingEvent>? _events;
    private string? _told;
    private bool _hasWritten;
    private volatile bool _isOver;

    /// <summary>The turn that the running code belongs to.</summary>
    public static GrainTurn? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    public Activation Activation => activation;

    public GrainMethod Method => method;

    public GrainTurn? Parent => parent;

    public long Deadline => deadline;

    public bool IsOver => _isOver;

    /// <summary>Its compare-and-swap failed, or what it read turned out to be old: it must run again.</summary>
    public bool HasLost { get; private set; }

    /// <summary>It looked at a state, so its outcome depends on it.</summary>
    public bool HasRead { get; private set; }

    public bool HasWritten => _hasWritten;

    /// <summary>It called a writing method of another grain; it can't run again.</summary>
    public bool HasToldOthers => _told is not null;

    /// <summary>What it waits for, if that is the storage.</summary>
    public StorageRequest? Pending { get; private set; }

    public object Get(int index)
    {
        Touch(index);
        StateSlot slot = activation.Slots[index];
        return method.IsReadOnly
            ? SnapshotOf(index).Shared(slot.Codec, slot.Name)
            : (_copies ??= new object?[snapshots.Length])[index] ??= SnapshotOf(index).Copy(slot.Codec, slot.Name);
    }

    public void Set(int index, object value)
    {
        Touch(index);
        RequireWritable("changed its state");
        (_copies ??= new object?[snapshots.Length])[index] = value;
    }

    public long VersionOf(int index)
    {
        Touch(index);
        return SnapshotOf(index).Version;
    }

    public bool HasRecord(int index)
    {
        Touch(index);
        return SnapshotOf(index).Json is not null;
    }

    public async Task ReadAsync(int index)
    {
        Touch(index);
        StateSnapshot newest = await activation.Slots[index].LoadAsync(activation.Session, deadline, TimeSpan.Zero);
        (_newer ??= new StateSnapshot?[snapshots.Length])[index] = newest;
        if (_copies is not null)
        {
            _copies[index] = null;
        }
    }

    public async Task WriteAsync(int index, bool isClear)
    {
        RequireWritable("wrote");
        if (_hasWritten)
        {
            throw new GrainRuleException($"{this} wrote twice in one turn. A turn is one compare-and-swap: read, decide, write once, "
                + $"then tell others.");
        }

        if (_told is not null)
        {
            throw new GrainRuleException($"{this} called {_told} before its own write. If this turn lost, it would run again and "
                + $"tell twice: "
                + "read, decide, write once, then tell others.");
        }

        _hasWritten = true;
        StateSlot slot = activation.Slots[index];
        object state = isClear ? slot.Codec.New() : Get(index);
        HasRead = true;
        StateSnapshot before = SnapshotOf(index);
        StateWrite write = new(slot.Id, deadline)
        {
            ExpectedVersion = before.Version,
            Schema = slot.Codec.Schema,
            Json = isClear ? null : slot.Codec.Write(state, slot.Name),
            Fields = isClear ? "{}" : slot.Codec.WriteFields(state),
            Events = _events ?? (IReadOnlyList<PendingEvent>)[],
        };
        int epoch = activation.Session.Epoch;
        long asOf = activation.Session.Time.GetTimestamp();
        Pending = write;
        activation.Session.Submit(write);
        bool isWritten;
        try
        {
            isWritten = await write.Task;
        }
        catch (Exception exception)
        {
            slot.Doubt();
            throw exception is WriteOutcomeUnknownException
                ? new StorageUnavailableException(exception.Message, activation.Session.Time.GetUtcNow(), isOutcomeUnknown: true, exception)
                : exception;
        }
        finally
        {
            Pending = null;
        }

        if (!isWritten)
        {
            slot.Doubt();
            HasLost = true;
            throw new InconsistentStateException(
                $"{this} lost its write: {slot.Name} isn't at version {before.Version} any more.", null, before.Version.ToString());
        }

        StateSnapshot after = new(before.Version + 1, write.Schema, write.Json, epoch, asOf);
        slot.Written(after);
        (_newer ??= new StateSnapshot?[snapshots.Length])[index] = after;
        if (isClear)
        {
            (_copies ??= new object?[snapshots.Length])[index] = null;
        }
    }

    public void Append(PendingEvent pending)
    {
        RequireWritable("appended an event");
        if (_hasWritten)
        {
            throw new GrainRuleException($"{this} appended an event after its write; an event goes out with the write that follows it.");
        }

        if ((_events ??= []).Count == MaxEvents)
        {
            throw new GrainRuleException($"{this} appended more than {MaxEvents} events in one turn.");
        }

        _events.Add(pending);
    }

    /// <summary>Before a call to a writing method of another grain: from here on this turn can't run again.</summary>
    public async ValueTask TellAsync(GrainMethod other)
    {
        if (_isOver || method.IsReadOnly)
        {
            return;
        }

        if (!_hasWritten && _told is null && HasRead && !await IsStillNewestAsync())
        {
            throw new InconsistentStateException($"{this} began from an old state and was stopped before it told {other.Name}.");
        }

        _told ??= other.Name;
    }

    /// <summary>What it read is the newest still, or was at some time since its call began. Otherwise the turn has lost.</summary>
    public async ValueTask<bool> IsStillNewestAsync()
    {
        for (int i = 0; i < snapshots.Length; i++)
        {
            StateSnapshot seen = SnapshotOf(i);
            StateSnapshot newest = await activation.Slots[i].LoadAsync(activation.Session, deadline, TimeSpan.Zero);
            if (newest.Version != seen.Version)
            {
                HasLost = true;
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether everything it began with was known to be the newest at <paramref name="began"/> or later.</summary>
    public bool WasNewestAt(long began)
    {
        for (int i = 0; i < snapshots.Length; i++)
        {
            if (SnapshotOf(i).AsOf < began)
            {
                return false;
            }
        }

        return true;
    }

    /// <returns>What is wrong with how it ended, if anything.</returns>
    public GrainRuleException? End()
    {
        _isOver = true;
        return _events is { Count: > 0 } && !_hasWritten
            ? new GrainRuleException($"{this} appended an event and ended without a write; the event is lost. Write the state after "
                + $"appending.")
            : null;
    }

    /// <summary>Nobody waits for it any more: it may finish, but not write.</summary>
    public void Abandon() => _isOver = true;

    /// <summary>The shared states as they are now, to be compared after a read-only turn.</summary>
    public byte[]?[] Print() =>
        [.. activation.Slots.Select((slot, i) => SnapshotOf(i).Json is null
            ? null : slot.Codec.Write(SnapshotOf(i).Shared(slot.Codec, slot.Name), slot.Name))];

    /// <exception cref="GrainRuleException">It changed what all readers share.</exception>
    public void VerifyUnchanged(byte[]?[]? before)
    {
        byte[]?[]? after = before is null ? null : Print();
        for (int i = 0; i < before?.Length; i++)
        {
            if (before[i] is { } one && !one.AsSpan().SequenceEqual(after![i]))
            {
                throw new GrainRuleException($"{this} is [ReadOnly] and changed the state that all readers share.");
            }
        }
    }

    /// <summary>From the first call of the chain to this one.</summary>
    public string Chain()
    {
        Stack<string> calls = [];
        for (GrainTurn? turn = this; turn is not null; turn = turn.Parent)
        {
            calls.Push(turn.ToString());
        }

        return string.Join(" -> ", calls);
    }

    public override string ToString() => $"{method.Name}({activation.Key})";

    private StateSnapshot SnapshotOf(int index) => _newer?[index] ?? snapshots[index];

    private void Touch(int index)
    {
        if (_isOver)
        {
            throw new GrainRuleException($"{this} is over and its state was used by something it left running.");
        }

        HasRead = true;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, snapshots.Length);
    }

    private void RequireWritable(string deed)
    {
        if (_isOver)
        {
            throw new GrainRuleException($"{this} {deed} after it was over: it passed its limit, or something it left running did. "
                + $"Nothing was written.");
        }

        if (method.IsReadOnly)
        {
            throw new GrainRuleException($"{this} is [ReadOnly] and {deed}. Nothing was written.");
        }
    }
}
