using Microsoft.Extensions.Logging;

namespace PhaseMesh.Cluster.Diagnostics;

/// <summary>Everything the engine logs. Ids are allotted in docs/events.md.</summary>
internal sealed partial class ClusterLog(ILogger logger)
{
    public void Started(string silo, string storage) => Started(logger, silo, storage);

    public void Stopped(string silo) => Stopped(logger, silo);

    public void TaskDied(string task, Exception exception) => TaskDied(logger, task, exception);

    public void StorageLost(string storage, string reason) => StorageLost(logger, storage, reason);

    public void StorageBack(string storage, double seconds) => StorageBack(logger, storage, seconds);

    public void StorageStillAway(string storage, string reason) => StorageStillAway(logger, storage, reason);

    public void Migrated(string storage, int from, int to) => Migrated(logger, storage, from, to);

    public void ChangesLost(string storage, string reason) => ChangesLost(logger, storage, reason);

    public void ChangesBack(string storage) => ChangesBack(logger, storage);

    public void TurnsLost(string call, int attempts) => TurnsLost(logger, call, attempts);

    public void TurnAbandoned(string call, double seconds) => TurnAbandoned(logger, call, seconds);

    public void OneWayFailed(string call, Exception exception) => OneWayFailed(logger, call, exception);

    public void TimerFailed(string grain, Exception exception) => TimerFailed(logger, grain, exception);

    public void DeactivationFailed(string grain, Exception exception) => DeactivationFailed(logger, grain, exception);

    public void ReminderFailed(string reminder, int attempt, double retrySeconds, Exception exception) =>
        ReminderFailed(logger, reminder, attempt, retrySeconds, exception);

    public void Joined(string silo) => Joined(logger, silo);

    public void Superseded(string silo) => Superseded(logger, silo);

    public void RoundFailed(string task, string reason) => RoundFailed(logger, task, reason);

    [LoggerMessage(2001, LogLevel.Information, "Silo {Silo} hosts grains on {Storage}")]
    private static partial void Started(ILogger logger, string silo, string storage);

    [LoggerMessage(2002, LogLevel.Information, "Silo {Silo} left")]
    private static partial void Stopped(ILogger logger, string silo);

    [LoggerMessage(2003, LogLevel.Error, "The background task '{Task}' died; what it did has stopped")]
    private static partial void TaskDied(ILogger logger, string task, Exception exception);

    [LoggerMessage(2010, LogLevel.Warning, "{Storage} is away: {Reason}")]
    private static partial void StorageLost(ILogger logger, string storage, string reason);

    [LoggerMessage(2011, LogLevel.Information, "{Storage} answers again after {Seconds:0.000} s")]
    private static partial void StorageBack(ILogger logger, string storage, double seconds);

    [LoggerMessage(2012, LogLevel.Debug, "{Storage} is still away: {Reason}")]
    private static partial void StorageStillAway(ILogger logger, string storage, string reason);

    [LoggerMessage(2013, LogLevel.Information, "{Storage}: schema migrated from version {From} to {To}")]
    private static partial void Migrated(ILogger logger, string storage, int from, int to);

    [LoggerMessage(2014, LogLevel.Warning, "{Storage}: changes of other silos are not heard; reads go to the storage: {Reason}")]
    private static partial void ChangesLost(ILogger logger, string storage, string reason);

    [LoggerMessage(2015, LogLevel.Information, "{Storage}: changes of other silos are heard again")]
    private static partial void ChangesBack(ILogger logger, string storage);

    [LoggerMessage(2020, LogLevel.Warning, "{Call} lost its write {Attempts} times to other silos and was given up")]
    private static partial void TurnsLost(ILogger logger, string call, int attempts);

    [LoggerMessage(2021, LogLevel.Warning, "{Call} did not end within its limit ({Seconds:0.0} s); the grain goes on without it, and "
        + "it can't write any more")]
    private static partial void TurnAbandoned(ILogger logger, string call, double seconds);

    [LoggerMessage(2022, LogLevel.Warning, "One-way call {Call} failed")]
    private static partial void OneWayFailed(ILogger logger, string call, Exception exception);

    [LoggerMessage(2023, LogLevel.Warning, "A timer of {Grain} failed; it goes on")]
    private static partial void TimerFailed(ILogger logger, string grain, Exception exception);

    [LoggerMessage(2024, LogLevel.Warning, "{Grain} failed while it left the memory")]
    private static partial void DeactivationFailed(ILogger logger, string grain, Exception exception);

    [LoggerMessage(2030, LogLevel.Warning, "Reminder {Reminder} failed (attempt {Attempt}); again in {RetrySeconds:0} s")]
    private static partial void ReminderFailed(ILogger logger, string reminder, int attempt, double retrySeconds, Exception exception);

    [LoggerMessage(2040, LogLevel.Information, "Joined the cluster as {Silo}")]
    private static partial void Joined(ILogger logger, string silo);

    [LoggerMessage(2041, LogLevel.Error, "Another silo named like {Silo} started; give each silo a name of its own")]
    private static partial void Superseded(ILogger logger, string silo);

    [LoggerMessage(2042, LogLevel.Warning, "{Task} failed this time and will be tried again: {Reason}")]
    private static partial void RoundFailed(ILogger logger, string task, string reason);
}
