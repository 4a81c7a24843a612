using System.Diagnostics.Metrics;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Providers;

namespace PhaseMesh.Grains;

/// <summary>
/// The meter of the fleet's grains: what the calls that this silo ran have changed, counted after the write that made it so. How things stand
/// is asked of the indexes. Names are part of its surface; docs/metrics.md lists them.
/// </summary>
public static class GrainsInstruments
{
    public const string MeterName = "PhaseMesh.Grains";
    public const string BootPhases = "phase.boot.phases";
    public const string BootPhaseSeconds = "phase.boot.phase.duration";
    public const string BootsEnded = "phase.boots.ended";
    public const string BootSeconds = "phase.boot.duration";
    public const string BootBytes = "phase.boot.fetched";
    public const string Enrolments = "phase.enrolments";
    public const string EnrolmentsRefused = "phase.enrolments.refused";

    /// <summary>What stands for a reason that is none of <see cref="KnownReasons"/>: a machine may say anything.</summary>
    public const string OtherReason = "other";

    private static readonly double[] Seconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> PhaseCounter = Meter.CreateCounter<long>(BootPhases, "{boot}", "Boots that came to a phase");
    private static readonly Histogram<double> PhaseHistogram = Meter.CreateHistogram(
        BootPhaseSeconds, "s", "From when the fleet heard of the phase before to when it heard of this one", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
    private static readonly Counter<long> EndCounter = Meter.CreateCounter<long>(
        BootsEnded, "{boot}", "Boots that ended; one that was lost and then heard of ends again");
    private static readonly Histogram<double> BootHistogram = Meter.CreateHistogram(
        BootSeconds, "s", "From a boot's first call to its end", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
    private static readonly Counter<long> ByteCounter = Meter.CreateCounter<long>(
        BootBytes, "By", "Bytes that boots said they had to fetch, once they had verified them");
    private static readonly Counter<long> EnrolmentCounter = Meter.CreateCounter<long>(Enrolments, "{enrolment}", "Providers let in");
    private static readonly Counter<long> RefusalCounter = Meter.CreateCounter<long>(
        EnrolmentsRefused, "{enrolment}", "Providers not let in");

    /// <summary>Those of phase-agent, and the fleet's own. As labels they never change their meaning.</summary>
    public static IReadOnlySet<string> KnownReasons { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "bad_parameters", "no_provider", "manifest_refused", "fetch_failed", "kexec_refused", "storage_failed", "interrupted", "defect",
        "silent", "unknown", OtherReason,
    };

    /// <param name="phases">All that are known.</param>
    /// <param name="news">The one that was not before.</param>
    internal static void BootReached(IEnumerable<BootPhaseTime> phases, BootPhase news)
    {
        KeyValuePair<string, object?> tag = new("phase", news.ToString().ToLowerInvariant());
        PhaseCounter.Add(1, tag);
        BootPhaseTime? reached = phases.FirstOrDefault(phase => phase.Phase == news);
        BootPhaseTime? before = phases.Where(phase => phase.Phase < news).MaxBy(phase => phase.Phase);
        if (reached is not null && before is not null && reached.ReceivedAt >= before.ReceivedAt)
        {
            PhaseHistogram.Record((reached.ReceivedAt - before.ReceivedAt).TotalSeconds, tag);
        }
    }

    internal static void BootEnded(BootOutcome outcome, string? reason, TimeSpan took)
    {
        KeyValuePair<string, object?> tag = new("outcome", outcome.ToString().ToLowerInvariant());
        EndCounter.Add(1, tag, new KeyValuePair<string, object?>(
            "reason", string.IsNullOrEmpty(reason) ? "" : KnownReasons.Contains(reason) ? reason : OtherReason));
        BootHistogram.Record(Math.Max(0, took.TotalSeconds), tag);
    }

    internal static void BootVerified(long bytes) => ByteCounter.Add(Math.Max(0, bytes));

    internal static void Enrolled(AdmissionKind admission, bool waits) => EnrolmentCounter.Add(
        1, new KeyValuePair<string, object?>("admission", admission.ToString().ToLowerInvariant()),
        new KeyValuePair<string, object?>("waits", waits ? "true" : "false"));

    /// <param name="slug">One of <see cref="Fleet.FleetRefusals"/>.</param>
    internal static void EnrolmentRefused(string slug) => RefusalCounter.Add(1, new KeyValuePair<string, object?>("reason", slug));
}
