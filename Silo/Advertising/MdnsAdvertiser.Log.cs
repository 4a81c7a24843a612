using PhaseMesh.Mdns;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Advertising;

internal sealed partial class MdnsAdvertiser
{
    [LoggerMessage(1400, LogLevel.Warning, "Releases are served, but not announced by mDNS: {Problem}")]
    private static partial void LogUnavailable(ILogger log, string problem);

    [LoggerMessage(1401, LogLevel.Information, "{Slot}: announcing '{Instance}', port {Port}, by mDNS")]
    private static partial void LogAnnouncing(ILogger log, ReleaseSlot slot, string instance, int port);

    [LoggerMessage(1402, LogLevel.Information, "{Slot}: no longer announced by mDNS, as it is no longer served")]
    private static partial void LogWithdrawn(ILogger log, ReleaseSlot slot);

    [LoggerMessage(1403, LogLevel.Debug, "Nothing is announced by mDNS: {Bind} can be reached from this machine only")]
    private static partial void LogLoopbackOnly(ILogger log, string bind);

    [LoggerMessage(1404, LogLevel.Debug, "mDNS: {Kind}: {Notice}")]
    private static partial void LogNotice(ILogger log, MdnsNoticeKind kind, string notice);

    [LoggerMessage(1405, LogLevel.Error, "Announcing by mDNS has failed and ended; releases are served on")]
    private static partial void LogDied(ILogger log, Exception exception);
}
