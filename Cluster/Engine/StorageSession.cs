using System.Collections.Concurrent;
using PhaseMesh.Cluster.Clocks;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Engine;

/// <summary>This silo's way to the storage: batches, outages, and what is known of others' changes.</summary>
internal sealed class StorageSession : IChangeSink, IAsyncDisposable
{
    private const int MaxBatch = 512;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(20);
    private const long Never = long.MinValue / 2;

    private readonly ConcurrentDictionary<ulong, StateSlot> _slots = [];
    private readonly Lock _slotGate = new();
    private readonly BatchPump<StateRead> _reads;
    private readonly BatchPump<StateWrite> _writes;
    private readonly long _bound;
    private readonly TimeSpan _limit;
    private long _caughtUp = Never;
    private volatile int _epoch;

    public StorageSession(IStore store, GrainClusterOptions options, ClusterLog log)
    {
        Store = store;
        Time = options.TimeProvider;
        Clock = new StorageClock(Time);
        _bound = (long)(options.FreshnessBound.TotalSeconds * Time.TimestampFrequency);
        _limit = options.CallLimit;
        Availability = new Availability(store, options.FailFastAfter, Time, log);
        _reads = new BatchPump<StateRead>(store, Availability, store.ReadLanes, MaxBatch, Time, ReadAsync);
        _writes = new BatchPump<StateWrite>(store, Availability, store.WriteLanes, MaxBatch, Time, WriteAsync);
    }

    /// <summary>There may be new events of any silo.</summary>
    public event Action? EventsArrived;

    public IStore Store { get; }

    public TimeProvider Time { get; }

    /// <summary>The storage's.</summary>
    public StorageClock Clock { get; }

    public Availability Availability { get; }

    /// <summary>Counts how often changes may have been missed.</summary>
    public int Epoch => _epoch;

    /// <summary>Whether whatever others wrote before the freshness bound is known here.</summary>
    public bool IsCaughtUp(long now) => now - Volatile.Read(ref _caughtUp) <= _bound;

    /// <summary>Whether this is newer than the bound on its own, or has been watched since.</summary>
    public bool IsFresh(StateSnapshot snapshot, long now) =>
        !snapshot.IsStale && ((snapshot.Epoch == _epoch && IsCaughtUp(now)) || now - snapshot.AsOf <= _bound);

    /// <exception cref="Storage.StorageUnavailableException">No answer before the deadline.</exception>
    public async Task<StoredState> ReadAsync(StateId id, long knownVersion, long deadline)
    {
        StateRead read = new(id, knownVersion, deadline);
        long began = Time.GetTimestamp();
        _reads.Submit(read);
        if (!read.Task.IsCompleted)
        {
            await ((Task)read.Task).WaitAsync(Rest(deadline), Time)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!read.IsDone)
        {
            read.TryWithdraw();
            throw Availability.Explain($"read {id.Kind}/{id.Key}", began, isOutcomeUnknown: false);
        }

        return await read.Task;
    }

    /// <summary>Work of a low rate, beside the batches: tries until the calls' limit while the storage is away.</summary>
    /// <exception cref="Storage.StorageUnavailableException">No answer within the limit.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> work, string what, CancellationToken cancellationToken)
    {
        long began = Time.GetTimestamp();
        while (true)
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            TimeSpan rest = _limit - Time.GetElapsedTime(began);
            try
            {
                limit.CancelAfter(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
                await work(limit.Token).WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Time, cancellationToken);
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                StorageFault fault = Store.Classify(exception);
                if (fault == StorageFault.Rejected)
                {
                    throw;
                }

                if (fault == StorageFault.Away)
                {
                    Availability.MarkDown(exception, began);
                }

                if (rest <= TimeSpan.Zero || !await Availability.WaitUntilUpAsync())
                {
                    throw Availability.Explain(what, began, isOutcomeUnknown: false);
                }

                await Task.Delay(RetryDelay, Time, cancellationToken);
            }
        }
    }

    /// <summary>Until the deadline; zero once it passed.</summary>
    public TimeSpan Rest(long deadline)
    {
        long now = Time.GetTimestamp();
        return deadline > now ? Time.GetElapsedTime(now, deadline) : TimeSpan.Zero;
    }

    public void Submit(StateWrite write) => _writes.Submit(write);

    public void Watch(StateSlot slot)
    {
        lock (_slotGate)
        {
            slot.NextOfHash = _slots.GetValueOrDefault(slot.Hash);
            _slots[slot.Hash] = slot;
        }
    }

    public void Unwatch(StateSlot slot)
    {
        lock (_slotGate)
        {
            List<StateSlot> others = [];
            for (StateSlot? next = _slots.GetValueOrDefault(slot.Hash); next is not null; next = next.NextOfHash)
            {
                if (!ReferenceEquals(next, slot))
                {
                    others.Add(next);
                }
            }

            _slots.TryRemove(slot.Hash, out _);
            foreach (StateSlot other in others)
            {
                other.NextOfHash = _slots.GetValueOrDefault(slot.Hash);
                _slots[slot.Hash] = other;
            }
        }
    }

    public void OnChanged(ulong hash, long version)
    {
        for (StateSlot? slot = _slots.GetValueOrDefault(hash); slot is not null; slot = slot.NextOfHash)
        {
            slot.Hear(version);
        }
    }

    public void OnChangesMissed()
    {
        Volatile.Write(ref _caughtUp, Never);
        Interlocked.Increment(ref _epoch);
        OnEvents();
    }

    public void OnCaughtUp(long timestamp) => Volatile.Write(ref _caughtUp, timestamp);

    public void OnEvents() => EventsArrived?.Invoke();

    public void OnTime(DateTimeOffset at, long asked, long answered) => Clock.Set(at, asked, answered);

    public async ValueTask DisposeAsync()
    {
        await _writes.DisposeAsync();
        await _reads.DisposeAsync();
        await Availability.DisposeAsync();
        await Store.DisposeAsync();
    }

    private async Task ReadAsync(IStoreLane lane, List<StateRead> batch)
    {
        long began = Time.GetTimestamp();
        await lane.ReadAsync(batch);
        ClusterInstruments.Batch("read", batch.Count, Time.GetElapsedTime(began));
    }

    private async Task WriteAsync(IStoreLane lane, List<StateWrite> batch)
    {
        long began = Time.GetTimestamp();
        bool isSent = false;
        try
        {
            await lane.WriteAsync(batch, () => isSent = true);
        }
        catch (Exception exception) when (isSent && Store.Classify(exception) == StorageFault.Away)
        {
            foreach (StateWrite write in batch)
            {
                write.IsOutcomeUnknown = true;
            }

            throw;
        }

        ClusterInstruments.Batch("write", batch.Count, Time.GetElapsedTime(began));
    }
}
