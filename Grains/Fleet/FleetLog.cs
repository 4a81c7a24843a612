using Microsoft.Extensions.Logging;
using PhaseMesh.Grains.Providers;

namespace PhaseMesh.Grains.Fleet;

/// <summary>What grains log; docs/events.md has the ids.</summary>
internal static partial class FleetLog
{
    [LoggerMessage(3001, LogLevel.Information,
        "{Channel}: release {Release} ({Manifest}) is the newest now, by {Actor} ({Origin}), for {Percent} % of machines")]
    public static partial void Published(
        this ILogger log, string channel, long release, string manifest, string actor, ReleaseChannels.ReleaseOrigin origin, int percent);

    [LoggerMessage(3002, LogLevel.Information,
        "{Channel}: rollout of release {Release} changed by {Actor}: {Percent} %, paused {IsPaused}")]
    public static partial void RolloutChanged(this ILogger log, string channel, long release, string actor, int percent, bool isPaused);

    [LoggerMessage(3003, LogLevel.Warning, "{Channel}: rollout of release {Release} halted: {Reason}")]
    public static partial void RolloutHalted(this ILogger log, string channel, long release, string reason);

    [LoggerMessage(3101, LogLevel.Information, "Provider {Provider} enrolled ({Admission} {Reference}): {State}")]
    public static partial void Enrolled(this ILogger log, string provider, AdmissionKind admission, string reference, ProviderState state);

    [LoggerMessage(3102, LogLevel.Information, "Provider {Provider}: {Before} -> {After}: {Reason}")]
    public static partial void ProviderChanged(this ILogger log, string provider, ProviderState before, ProviderState after, string reason);

    [LoggerMessage(3103, LogLevel.Warning, "Provider {Provider} is quarantined: {Reason}")]
    public static partial void Quarantined(this ILogger log, string provider, string reason);

    [LoggerMessage(3104, LogLevel.Warning, "Provider {Provider} is accused by {Reporter} of a bad chunk {Chunk} of {Artifact}")]
    public static partial void Accused(this ILogger log, string provider, string reporter, int chunk, string artifact);

    [LoggerMessage(3201, LogLevel.Information, "Boot {BootId} ended: {Outcome} {Reason}")]
    public static partial void BootEnded(this ILogger log, string bootId, BootSessions.BootOutcome outcome, string reason);

    [LoggerMessage(3301, LogLevel.Error, "Housekeeping of {What} failed; it is tried again in a minute")]
    public static partial void HousekeepingFailed(this ILogger log, string what, Exception exception);

    [LoggerMessage(3302, LogLevel.Warning, "Housekeeping could not be started; it is tried again in {Delay}")]
    public static partial void HousekeepingNotStarted(this ILogger log, TimeSpan delay, Exception exception);
}
