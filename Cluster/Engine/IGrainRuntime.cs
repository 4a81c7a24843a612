using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Engine;

/// <summary>What a grain asks of the engine that made it.</summary>
internal interface IGrainRuntime
{
    string Identity { get; }

    string Key { get; }

    IGrainFactory GrainFactory { get; }

    IServiceProvider ServiceProvider { get; }

    void DeactivateOnIdle();

    IGrainTimer RegisterTimer<TTimerState>(
        Func<TTimerState, CancellationToken, Task> callback, TTimerState state, GrainTimerCreationOptions options);

    Task<IGrainReminder> RegisterOrUpdateReminderAsync(string name, TimeSpan dueTime, TimeSpan period);

    Task UnregisterReminderAsync(IGrainReminder reminder);

    Task<IGrainReminder?> GetReminderAsync(string name);

    Task<List<IGrainReminder>> GetRemindersAsync();
}

/// <summary>Known while a grain's constructor runs, so that grain classes need no constructor that hands it down.</summary>
internal static class GrainBirth
{
    [ThreadStatic]
    private static IGrainRuntime? _runtime;

    public static IGrainRuntime? Runtime
    {
        get => _runtime;
        set => _runtime = value;
    }
}
