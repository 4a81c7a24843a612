namespace PhaseMesh.Gateway.Admission;

/// <summary>
/// Finds the streams whose clients take far longer for a slice than others do. "Far longer" is relative: on a full line everybody is slow,
/// and more streams would not make it faster.
/// </summary>
internal static class SlowStreams
{
    private const double FarLonger = 4;

    /// <returns>Of those that count, the ones that should no more.</returns>
    public static IReadOnlyList<AdmissionTicket> Among(IReadOnlyCollection<AdmissionTicket> open, AdmissionOptions options)
    {
        AdmissionTicket[] counting = [.. open.Where(ticket => ticket.Counts)];
        TimeSpan[] slices = [.. counting.Select(Longer).Order()];
        TimeSpan usual = slices.Length == 0 ? TimeSpan.Zero : slices[slices.Length / 2];
        TimeSpan limit = TimeSpan.FromTicks(Math.Clamp(
            (long)(usual.Ticks * FarLonger), options.YieldAfter.Ticks, options.YieldAtLatest.Ticks));
        return [.. counting.Where(ticket => ticket.BlockedFor > limit)];
    }

    private static TimeSpan Longer(AdmissionTicket ticket) => ticket.BlockedFor > ticket.LastSlice ? ticket.BlockedFor : ticket.LastSlice;
}
