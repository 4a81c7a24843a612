using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Engine;

/// <summary>What a grain asks of the engine that made it.</summary>
internal interface IGrainRuntime
{
    [ThreadStatic]
    private static IGrainRuntime? _ofGrainBeingMade;

    /// <summary>Set while a grain's constructor runs, so that grain classes need no constructor that hands it down.</summary>
    static IGrainRuntime? OfGrainBeingMade
    {
        get => _ofGrainBeingMade;
        set => _ofGrainBeingMade = value;
    }

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
