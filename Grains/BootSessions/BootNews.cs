namespace PhaseMesh.Grains.BootSessions;

/// <summary>How a boot session is shown, whole and in short.</summary>
internal static class BootNews
{
    internal static BootFeedEvent Of(string bootId, BootSessionGrainState state, string what) => new()
    {
        BootId = bootId,
        What = what,
        Phase = state.Phase,
        Outcome = state.Outcome,
        Channel = state.Channel,
        Arch = state.Arch,
        MachineId = state.MachineId,
        Release = state.Release,
        BytesFetched = state.Facts.Progress?.BytesFetched ?? 0,
        BytesTotal = state.Facts.BytesTotal,
        BytesPerSecond = state.Facts.Progress?.BytesPerSecond ?? 0,
        Reason = state.Reason,
        Provider = state.Provider,
        CreatedAt = state.CreatedAt,
    };

    internal static BootSessionView ViewOf(string bootId, BootSessionGrainState state, DateTimeOffset now) => new()
    {
        BootId = bootId,
        Phase = state.Phase,
        Outcome = state.Outcome,
        IsStuck = state.Outcome == BootOutcome.Running && state.Deadline <= now,
        MachineId = state.MachineId,
        Channel = state.Channel,
        Arch = state.Arch,
        Mode = state.Creation.Mode,
        Trace = state.Creation.Trace,
        SourceAddress = state.Creation.SourceAddress,
        CreatedAt = state.CreatedAt,
        UpdatedAt = state.UpdatedAt,
        FinishedAt = state.FinishedAt,
        Deadline = state.Deadline,
        Release = state.Release,
        Version = state.Facts.Manifest?.Version,
        Manifest = state.Facts.Manifest?.Manifest,
        BytesFetched = state.Facts.Progress?.BytesFetched ?? 0,
        BytesTotal = state.Facts.BytesTotal,
        BytesPerSecond = state.Facts.Progress?.BytesPerSecond ?? 0,
        Sources = [.. state.Facts.Sources.Select(source => source.Name)],
        Found = [.. state.Facts.Found.Select(source => source.Name)],
        Reason = state.Reason,
        Detail = state.Reason is null ? null : state.Facts.Failure?.Detail,
        Provider = state.Provider,
        Phases = state.Phases,
    };
}
