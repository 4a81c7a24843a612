using System.Diagnostics;
using OpenTelemetry.Trace;

namespace PhaseMesh.Telemetry.Tracing;

/// <summary>
/// Which traces are recorded. As OpenTelemetry defines the samplers, but for one thing: a ratio is applied to the trace's id also where
/// the parent, a booting machine that knows no ratio, says that it is sampled. So all processes decide alike without a word.
/// </summary>
/// <param name="name">One of <see cref="Names"/>; null: no trace begins here, and those of others are recorded if they say so.</param>
/// <param name="ratio">Of those named for it: 0 to 1.</param>
internal sealed class TraceSampler(string? name, double ratio) : Sampler
{
    private static readonly SamplingResult Yes = new(SamplingDecision.RecordAndSample);
    private static readonly SamplingResult No = new(SamplingDecision.Drop);

    private readonly TraceIdRatioBasedSampler _ratio = new(ratio);

    public static IReadOnlyList<string> Names { get; } =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        ActivityContext parent = samplingParameters.ParentContext;
        bool isParentSampled = parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded);
        if (parent.TraceId != default && !parent.IsRemote)
        {
            return isParentSampled ? Yes : No; // Decided when the request came.
        }

        bool isOurs = parent.TraceId == default;
        return name switch
        {
            "always_on" => Yes,
            "always_off" => No,
            "traceidratio" => _ratio.ShouldSample(samplingParameters),
            "parentbased_traceidratio" => isOurs || isParentSampled ? _ratio.ShouldSample(samplingParameters) : No,
            "parentbased_always_on" => isOurs || isParentSampled ? Yes : No,
            _ => !isOurs && isParentSampled ? Yes : No,
        };
    }
}
