namespace PhaseMesh.Silo.Joining;

internal sealed partial class FleetMember
{
    [LoggerMessage(1550, LogLevel.Information, "The fleet counts this node as {State}, says {Silo}")]
    private static partial void LogState(ILogger log, string state, Uri silo);

    [LoggerMessage(1551, LogLevel.Warning,
        "The fleet refuses this node: {Reason} ({Silo}). Releases are served on; it tries again with growing pauses.")]
    private static partial void LogRefused(ILogger log, Uri silo, string reason);

    [LoggerMessage(1552, LogLevel.Warning,
        "No silo of the fleet answers ({Reason}). Releases are served on; it tries again with growing pauses.")]
    private static partial void LogSilent(ILogger log, string reason);

    [LoggerMessage(1553, LogLevel.Information, "The fleet answers again, at {Silo}")]
    private static partial void LogAnswers(ILogger log, Uri silo);

    [LoggerMessage(1554, LogLevel.Information, "The fleet does not know this node any more, so it enrols again: {Reason}")]
    private static partial void LogUnknown(ILogger log, string reason);

    [LoggerMessage(1555, LogLevel.Information, "This node's addresses have changed, so it enrols again")]
    private static partial void LogMoved(ILogger log);

    [LoggerMessage(1556, LogLevel.Information, "Boot {BootId} was reported to the fleet as joined")]
    private static partial void LogJoined(ILogger log, string bootId);

    [LoggerMessage(1557, LogLevel.Warning, "Boot {BootId} could not be reported to the fleet as joined: {Reason}")]
    private static partial void LogNotJoined(ILogger log, string bootId, string reason);

    [LoggerMessage(1558, LogLevel.Error, "Belonging to the fleet has ended by a fault; releases are served on")]
    private static partial void LogDied(ILogger log, Exception exception);

    [LoggerMessage(1559, LogLevel.Information, "The fleet could not be told that this node stops: {Reason}")]
    private static partial void LogUnheardStop(ILogger log, string reason);

    [LoggerMessage(1560, LogLevel.Information, "A fleet is configured, but mode private announces nothing: this node does not enrol")]
    private static partial void LogPrivate(ILogger log);
}
