using System.Collections.Concurrent;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Reminders;

namespace PhaseMesh.Cluster.Engine;

/// <summary>The grains of one silo: classes, references, and what is in memory. How calls run is in the other part.</summary>
internal sealed partial class GrainEngine : IGrainFactory, IAsyncDisposable
{
    private readonly ConcurrentDictionary<(GrainClass Class, string Key), Activation> _activations = [];
    private readonly ConcurrentDictionary<Task, bool> _background = [];
    private readonly ConcurrentDictionary<Type, Binding> _bindings = [];
    private readonly ConcurrentDictionary<object, bool> _observers = new(ReferenceEqualityComparer.Instance);
    private volatile bool _isStopping;

    public GrainEngine(
        GrainClusterOptions options, IReadOnlyList<GrainClass> classes, StorageSession session, IServiceProvider services, ClusterLog log)
    {
        (Options, Session, Services, Log) = (options, session, services, log);
        Classes = classes.ToDictionary(grainClass => grainClass.Name);
        Reminders = new GrainReminders(this);
        _limit = (long)(options.CallLimit.TotalSeconds * session.Time.TimestampFrequency);
    }

    public GrainClusterOptions Options { get; }

    public StorageSession Session { get; }

    public IServiceProvider Services { get; }

    public ClusterLog Log { get; }

    public GrainReminders Reminders { get; }

    public IReadOnlyDictionary<string, GrainClass> Classes { get; }

    public int GrainsInMemory => _activations.Count;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey)
        where TGrainInterface : IGrainWithStringKey
    {
        if (string.IsNullOrEmpty(primaryKey) || primaryKey.Length > IGrainWithStringKey.MaxKeyLength || HasControlCharacter(primaryKey))
        {
            throw new ArgumentException(
                $"A grain key has 1 to {IGrainWithStringKey.MaxKeyLength} characters and no control characters; found "
                    + $"{Describe(primaryKey)}.", nameof(primaryKey));
        }

        Binding binding = _bindings.GetOrAdd(typeof(TGrainInterface), static (type, engine) => engine.Bind(type), this);
        return (TGrainInterface)(object)binding.Create().Bind(this, binding.Class, binding.Methods, primaryKey);
    }

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver observer)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(observer);
        _observers[observer] = true;
        return (TGrainObserverInterface)observer;
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver observer)
        where TGrainObserverInterface : IGrainObserver
    {
        if (!_observers.TryRemove(observer, out _))
        {
            throw new ArgumentException($"This {typeof(TGrainObserverInterface).Name} has no reference, or it was deleted "
                + $"before.", nameof(observer));
        }
    }

    /// <summary>The grain in this silo's memory; comes there if it isn't, without its state yet.</summary>
    public Activation Find(GrainClass grainClass, string key)
    {
        ObjectDisposedException.ThrowIf(_isStopping, this);
        while (true)
        {
            Activation found = _activations.GetOrAdd(
                (grainClass, key), static (id, engine) => new Activation(engine, id.Class, id.Key), this);
            if (!found.IsClosed)
            {
                return found;
            }

            _activations.TryRemove(KeyValuePair.Create((grainClass, key), found));
        }
    }

    public Task DropAsync(Activation activation, DeactivationReason reason)
    {
        _activations.TryRemove(KeyValuePair.Create((activation.Class, activation.Key), activation));
        return activation.CloseAsync(reason);
    }

    /// <summary>Lets grains leave that were not called for long, and the longest idle ones where there are too many.</summary>
    public async Task SweepAsync()
    {
        long now = Session.Time.GetTimestamp();
        long idle = (long)(Options.IdleGrainLifetime.TotalSeconds * Session.Time.TimestampFrequency);
        List<(long LastUsed, Activation Activation)> kept = [];
        foreach (Activation activation in _activations.Values)
        {
            long lastUsed = activation.LastUsed;
            if (!activation.IsActive || activation.IsKeptAlive)
            {
                continue;
            }

            if (now - lastUsed > idle)
            {
                await DropAsync(activation, new DeactivationReason(DeactivationReasonCode.ActivationIdle, "It was idle."));
            }
            else
            {
                kept.Add((lastUsed, activation));
            }
        }

        if (kept.Count > Options.MaxGrainsInMemory)
        {
            // A tenth more than needed, so that the next sweeps find nothing to do.
            int surplus = Math.Min(kept.Count, kept.Count - Options.MaxGrainsInMemory + (Options.MaxGrainsInMemory / 10));
            foreach ((_, Activation activation) in kept.OrderBy(entry => entry.LastUsed).Take(surplus))
            {
                await DropAsync(activation, new DeactivationReason(DeactivationReasonCode.ActivationIdle, "Too many grains are in "
                    + "memory."));
            }
        }
    }

    /// <summary>Keeps work that nobody awaits until it ended; disposal waits for it.</summary>
    public void Track(Task work)
    {
        if (!work.IsCompleted)
        {
            _background[work] = true;
            work.ContinueWith(
                static (done, state) => ((ConcurrentDictionary<Task, bool>)state!).TryRemove(done, out _),
                _background,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>Lets running calls end, within the calls' limit, and every grain leave the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        DeactivationReason reason = new(DeactivationReasonCode.ShuttingDown, "The silo stops.");
        foreach (Activation activation in _activations.Values)
        {
            await DropAsync(activation, reason);
        }

        _isStopping = true;
        await Task.WhenAll(_background.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static bool HasControlCharacter(string key)
    {
        foreach (char letter in key)
        {
            if (char.IsControl(letter) || (letter >= '\uD800' && letter <= '\uDFFF' && !IsWellFormed(key)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWellFormed(string key)
    {
        for (int i = 0; i < key.Length; i++)
        {
            if (char.IsHighSurrogate(key[i]) && i + 1 < key.Length && char.IsLowSurrogate(key[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(key[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static string Describe(string? key) => key switch
    {
        null => "null",
        "" => "an empty one",
        { Length: > IGrainWithStringKey.MaxKeyLength } => $"{key.Length} characters",
        _ => "one with a control character or half a surrogate pair",
    };

    private Binding Bind(Type grainInterface)
    {
        GrainClass[] classes = [.. Classes.Values.Where(candidate => candidate.Interfaces.Contains(grainInterface))];
        if (classes.Length != 1)
        {
            throw new ArgumentException(classes.Length == 0
                ? $"No registered grain class implements {grainInterface.Name}."
                : $"{grainInterface.Name} is implemented by {string.Join(" and ", classes.Select(found => found.Type.Name))}; "
                    + $"expected one class.");
        }

        (Func<GrainReference> create, System.Reflection.MethodInfo[] methods) = ReferenceEmitter.For(grainInterface);
        return new Binding(create, classes[0],
            [.. methods.Select(method => new GrainMethod(method, classes[0].Name, classes[0].IsReentrant))]);
    }

    private sealed record Binding(Func<GrainReference> Create, GrainClass Class, GrainMethod[] Methods);
}
