using PhaseMesh.Cluster.Reads;
using PhaseMesh.Cluster.Runtime;
using PhaseMesh.Cluster.Storage;

namespace PhaseMesh.Cluster.Engine;

/// <summary>
/// One grain in this silo's memory. Other silos may have it too: it is a cache with a queue, and nothing but the storage's compare-and-
/// swap decides who wrote. Dropping it at any time loses nothing.
/// </summary>
internal sealed class Activation : IGrainRuntime
{
    /// <summary>How long a read that may be stale waits for a fresh answer.</summary>
    private static readonly TimeSpan StalePatience = TimeSpan.FromMilliseconds(200);

    private readonly GrainEngine _engine;
    private readonly Lock _lock = new();
    private readonly List<GrainTimer> _timers = [];
    private Task? _activating;
    private volatile bool _isActive;
    private volatile bool _isClosed;
    private volatile StateSnapshot[] _snapshots = [];
    private GrainTurn? _holder;

    public Activation(GrainEngine engine, GrainClass grainClass, string key)
    {
        (_engine, Class, Key) = (engine, grainClass, key);
        Slots = [.. grainClass.States.Select(state => new StateSlot(new Stores.StateId(state.Kind, key), state.Codec))];
    }

    public GrainClass Class { get; }

    public string Key { get; }

    public string Identity => $"{Class.Name}/{Key}";

    public StateSlot[] Slots { get; }

    public Grain? Instance { get; private set; }

    public StorageSession Session => _engine.Session;

    public IGrainFactory GrainFactory => _engine;

    public IServiceProvider ServiceProvider => _engine.Services;

    public TurnGate Gate { get; } = new();

    /// <summary>It left the memory; whoever still has it looks it up again.</summary>
    public bool IsClosed => _isClosed;

    public bool IsActive => _isActive;

    /// <summary>Timestamp of the last call.</summary>
    public long LastUsed { get; set; }

    /// <summary>It asked to leave the memory after its turn.</summary>
    public bool IsLeaving { get; private set; }

    public bool IsKeptAlive
    {
        get
        {
            lock (_lock)
            {
                return _timers.Exists(timer => timer.IsKeepingAlive);
            }
        }
    }

    /// <summary>The turn that has the gate, for messages.</summary>
    public GrainTurn? Holder
    {
        get => Volatile.Read(ref _holder);
        set => Volatile.Write(ref _holder, value);
    }

    /// <returns>The states if all are known to be fresh; null otherwise.</returns>
    public StateSnapshot[]? TryFresh(long now)
    {
        StateSnapshot[] snapshots = _snapshots;
        for (int i = 0; i < Slots.Length; i++)
        {
            StateSnapshot? current = Slots[i].Current;
            if (current is null || !Session.IsFresh(current, now))
            {
                return null;
            }

            if (!ReferenceEquals(snapshots[i], current))
            {
                // Rare: once per change.
                _snapshots = snapshots = [.. snapshots];
                snapshots[i] = current;
            }
        }

        // Once closed it hears of no changes; checked last, so that whatever was found above was watched.
        return _isClosed ? null : snapshots;
    }

    /// <summary>States for a read-only turn, as fresh as the caller asked.</summary>
    public async ValueTask<StateSnapshot[]> ReadStatesAsync(ReadMode mode, long deadline)
    {
        long now = Session.Time.GetTimestamp();
        if (mode != ReadMode.Newest && TryFresh(now) is { } fresh)
        {
            return fresh;
        }

        TimeSpan share = mode == ReadMode.Newest ? TimeSpan.Zero : _engine.Options.FreshnessBound;
        StateSnapshot[] snapshots = new StateSnapshot[Slots.Length];
        for (int i = 0; i < Slots.Length; i++)
        {
            StateSnapshot? last = Slots[i].Current;
            if (mode == ReadMode.AllowStale && last is not null)
            {
                snapshots[i] = await ReadPatientlyAsync(Slots[i], last, deadline);
                continue;
            }

            snapshots[i] = await Slots[i].LoadAsync(Session, deadline, share);
        }

        return snapshots;
    }

    /// <summary>States for a turn that may write: what is in memory will do, as the compare-and-swap finds out.</summary>
    public async ValueTask<StateSnapshot[]> WriteStatesAsync(long deadline)
    {
        StateSnapshot[] snapshots = new StateSnapshot[Slots.Length];
        for (int i = 0; i < Slots.Length; i++)
        {
            snapshots[i] = Slots[i].Current is { IsStale: false } current && current.Epoch == Session.Epoch
                ? current
                : await Slots[i].LoadAsync(Session, deadline, _engine.Options.FreshnessBound);
        }

        return snapshots;
    }

    /// <summary>Loads the states, makes the grain and lets it activate itself; once.</summary>
    public async ValueTask ActivateAsync(long deadline)
    {
        if (_isActive)
        {
            return;
        }

        Task activating;
        lock (_lock)
        {
            activating = _activating ??= ActivateOnceAsync(deadline);
        }

        TimeSpan rest = Session.Rest(deadline);
        await activating.WaitAsync(rest, Session.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!activating.IsCompleted)
        {
            throw new TimeoutException($"{Identity} did not come into memory within the call's limit "
                + $"({_engine.Options.CallLimit.TotalSeconds} s).");
        }

        await activating;
    }

    public async Task CloseAsync(DeactivationReason reason)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
        }

        foreach (GrainTimer timer in Timers())
        {
            timer.Dispose();
        }

        foreach (StateSlot slot in Slots)
        {
            Session.Unwatch(slot);
        }

        if (Instance is { } grain && Class.OverridesDeactivation)
        {
            await _engine.RunDeactivationAsync(this, grain, reason);
        }
    }

    public void DeactivateOnIdle() => IsLeaving = true;

    public IGrainTimer RegisterTimer<TTimerState>(
        Func<TTimerState, CancellationToken, Task> callback, TTimerState state, GrainTimerCreationOptions options)
    {
        GrainTimer timer = new(_engine, this, cancellationToken => callback(state, cancellationToken), options);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            _timers.Add(timer);
        }

        timer.Start();
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
        }
    }

    public Task<IGrainReminder> RegisterOrUpdateReminderAsync(string name, TimeSpan dueTime, TimeSpan period) =>
        _engine.Reminders.RegisterAsync(Class, Key, name, dueTime, period);

    public Task UnregisterReminderAsync(IGrainReminder reminder) => _engine.Reminders.UnregisterAsync(Class, Key, reminder.ReminderName);

    public Task<IGrainReminder?> GetReminderAsync(string name) => _engine.Reminders.GetAsync(Class, Key, name);

    public Task<List<IGrainReminder>> GetRemindersAsync() => _engine.Reminders.ListAsync(Class, Key);

    public override string ToString() => Identity;

    private async Task<StateSnapshot> ReadPatientlyAsync(StateSlot slot, StateSnapshot last, long deadline)
    {
        if (!Session.Availability.IsUp)
        {
            return last;
        }

        Task<StateSnapshot> loading = slot.LoadAsync(Session, deadline, _engine.Options.FreshnessBound);
        await ((Task)loading).WaitAsync(StalePatience, Session.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return loading.IsCompletedSuccessfully ? await loading
            : loading.Exception?.InnerException is null or StorageUnavailableException ? last
            : await loading;
    }

    private async Task ActivateOnceAsync(long deadline)
    {
        await Task.Yield();
        try
        {
            foreach (StateSlot slot in Slots)
            {
                Session.Watch(slot);
            }

            StateSnapshot[] snapshots = new StateSnapshot[Slots.Length];
            for (int i = 0; i < Slots.Length; i++)
            {
                snapshots[i] = await Slots[i].LoadAsync(Session, deadline, _engine.Options.FreshnessBound);
            }

            _snapshots = snapshots;
            Instance = Class.Create(this, ServiceProvider);
            if (Class.OverridesActivation)
            {
                DelegateInvocation activate = new(grain => grain.OnActivateAsync(CancellationToken.None));
                await await _engine.RunTurnsAsync(
                    this, activate, Class.Activation, GrainTurn.Current, Session.Time.GetTimestamp(), deadline);
            }

            _isActive = true;
        }
        catch
        {
            await _engine.DropAsync(
                this, new DeactivationReason(DeactivationReasonCode.ActivationFailed, "It failed to come into memory."));
            throw;
        }
    }

    private GrainTimer[] Timers()
    {
        lock (_lock)
        {
            return [.. _timers];
        }
    }
}
