namespace PhaseMesh.Silo.Joining;

/// <summary>
/// Brings the fleet the end of the trace of the boot that this node came by, once it has enrolled, and again when it counts as serving.
/// What the fleet does not take now is tried again with a later heartbeat, a few times. When all is told the carried file is deleted: a
/// plasmd that starts again has nothing to tell of a boot. Nothing here keeps a node from belonging to its fleet.
/// </summary>
internal sealed partial class TraceCourier(
    FleetMembershipOptions options, SiloTurns silos, JoiningLimits limits, TimeProvider clock, ILogger log)
{
    private BootedTrace? _trace;
    private int _failures;

    /// <summary>It serves: reads what was carried, if anything was.</summary>
    public void Ready()
    {
        if (options is not { BootTrace: { } path, BootId: { } id, BootTicket: not null })
        {
            return;
        }

        if (!CarriedTrace.TryRead(path, id, out CarriedTrace? carried, out string problem))
        {
            if (problem.Length > 0)
            {
                LogUnreadable(log, path, problem);
            }
        }
        else if (KernelMoments.Read() is not { } moments)
        {
            LogUnreadable(log, path, "/proc does not say when this machine was started");
        }
        else
        {
            _trace = new BootedTrace(carried, id, moments, options.UserSpaceAt, Commands.VersionAction.Version, clock);
        }
    }

    public void Enrolling() => _trace?.Enrolling();

    public void Enrolled() => _trace?.Enrolled();

    public void Joined() => _trace?.Joined();

    /// <summary>Tells what there is to tell, within a limit.</summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        if (_trace is not { HasNews: true } trace)
        {
            return;
        }

        FleetAnswer answer = await silos.SendOnceAsync(
            HttpMethod.Post, $"/v1/boots/{options.BootId}/spans", trace.Write(), limits.Trace, cancellationToken);
        if (answer.IsGood)
        {
            trace.Told();
            if (trace.IsOver)
            {
                End();
                LogTold(log, options.BootId!);
            }
        }
        else if (!answer.IsTransient || ++_failures == JoiningLimits.TraceAttempts)
        {
            End();
            LogNotTold(log, options.BootId!, answer.Problem);
        }
    }

    private void End()
    {
        _trace = null;
        try
        {
            File.Delete(options.BootTrace!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogKept(log, options.BootTrace!, e.Message);
        }
    }

    [LoggerMessage(1561, LogLevel.Warning, "The trace of the boot in {Path} is of no use: {Problem}. Nothing else depends on it.")]
    private static partial void LogUnreadable(ILogger log, string path, string problem);

    [LoggerMessage(1562, LogLevel.Information, "The trace of boot {BootId} is complete at the fleet")]
    private static partial void LogTold(ILogger log, string bootId);

    [LoggerMessage(1563, LogLevel.Warning, "The end of the trace of boot {BootId} was not told to the fleet: {Reason}")]
    private static partial void LogNotTold(ILogger log, string bootId, string reason);

    [LoggerMessage(1564, LogLevel.Warning,
        "The trace in {Path} could not be deleted ({Reason}); a plasmd that starts again tells the boot's end anew")]
    private static partial void LogKept(ILogger log, string path, string reason);
}
