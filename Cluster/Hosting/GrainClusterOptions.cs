using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Cluster.Engine;

namespace PhaseMesh.Cluster.Hosting;

/// <summary>What a silo is given. Checked at start; all faults are reported at once.</summary>
public sealed class GrainClusterOptions
{
    internal List<Type> GrainClasses { get; } = [];

    internal List<StateUpgrade> Upgrades { get; } = [];

    /// <summary>Required.</summary>
    public GrainStorage? Storage { get; set; }

    /// <summary>Unique in the cluster, 1 to 100 characters. Default: the machine's name and process id.</summary>
    public string SiloName { get; set; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>Where others reach this silo's API, for <see cref="Membership.SiloEntry.Address"/>.</summary>
    public string SiloAddress { get; set; } = "";

    /// <summary>For <see cref="Membership.SiloEntry.Version"/>.</summary>
    public string SiloVersion { get; set; } = Assembly.GetEntryAssembly()?.GetName().Version?.ToString() ?? "";

    /// <summary>A call ends within this time, whatever happens. 100 ms to 5 min; default 5 s.</summary>
    public TimeSpan CallLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Once the storage is away for this long, calls that need it fail at once instead of waiting. Default 2 s.</summary>
    public TimeSpan FailFastAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Read-only calls see writes of other silos at least this old. 100 ms to 1 min; default 1 s (usually a few milliseconds pass).
    /// </summary>
    public TimeSpan FreshnessBound { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a losing turn runs again before its caller gets an error. 1 to 100; default 20.</summary>
    public int MaxTurnAttempts { get; set; } = 20;

    /// <summary>Grains not called for this long leave the memory. Default 10 min.</summary>
    public TimeSpan IdleGrainLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>More grains than this in memory: the longest idle leave. Default 200,000.</summary>
    public int MaxGrainsInMemory { get; set; } = 200_000;

    /// <summary>A silo that says nothing for this long counts as lost. 1 s to 5 min; default 10 s; renewed at a third of it.</summary>
    public TimeSpan SiloLease { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often due reminders are looked for. Default 1 s.</summary>
    public TimeSpan ReminderPollPeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The shortest period of a reminder. Default 1 min, as in Orleans.</summary>
    public TimeSpan MinReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Events older than this are dropped. Default 24 h.</summary>
    public TimeSpan EventRetention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>More events than this are dropped, oldest first. Default 200,000.</summary>
    public int MaxEvents { get; set; } = 200_000;

    /// <summary>Largest state, in bytes of its JSON. Default 1 MiB.</summary>
    public int MaxStateBytes { get; set; } = 1 << 20;

    /// <summary>How states are written. Source-generated contexts go first in its resolver chain.</summary>
    public JsonSerializerOptions Json { get; } = new(StateJson.DefaultOptions);

    /// <summary>Checks after each read-only call that it left the shared state as it was; costs a serialization. For tests.</summary>
    public bool VerifyReadOnlyCalls { get; set; }

    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Takes every grain class of an assembly.</summary>
    public GrainClusterOptions AddGrains(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        GrainClasses.AddRange(assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false }
            && type.IsAssignableTo(typeof(Grain))));
        return this;
    }

    public GrainClusterOptions AddGrain<TGrain>()
        where TGrain : Grain
    {
        GrainClasses.Add(typeof(TGrain));
        return this;
    }

    /// <summary>
    /// States of <typeparamref name="TState"/> written as version <paramref name="fromVersion"/> become the next version by <paramref
    /// name="upgrade"/> when they are read. Versions begin at 1; upgrades must follow each other without a gap. A silo refuses states
    /// newer than it knows.
    /// </summary>
    public GrainClusterOptions AddUpgrade<TState>(int fromVersion, Func<JsonObject, JsonObject> upgrade)
    {
        Upgrades.Add(new StateUpgrade(typeof(TState), fromVersion, upgrade));
        return this;
    }
}

internal sealed record StateUpgrade(Type State, int FromVersion, Func<JsonObject, JsonObject> Apply);
