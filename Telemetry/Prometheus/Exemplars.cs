using OpenTelemetry.Metrics;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>
/// <c># {trace_id="..",span_id=".."} value time</c> behind a sample of OpenMetrics: a measurement that was made within a sampled trace.
/// </summary>
internal static class Exemplars
{
    /// <summary>The last one.</summary>
    public static void Latest(ExpositionWriter output, in MetricPoint point, bool isLong) =>
        Write(output, in point, double.NegativeInfinity, double.PositiveInfinity, isLong);

    /// <summary>The last one of a bucket.</summary>
    public static void Between(ExpositionWriter output, in MetricPoint point, double above, double upTo) =>
        Write(output, in point, above, upTo, isLong: false);

    private static void Write(ExpositionWriter output, in MetricPoint point, double above, double upTo, bool isLong)
    {
        if (output.Format is not ExpositionFormat.OpenMetrics || !point.TryGetExemplars(out ReadOnlyExemplarCollection exemplars))
        {
            return;
        }

        Exemplar? latest = null;
        foreach (ref readonly Exemplar exemplar in exemplars)
        {
            double value = isLong ? exemplar.LongValue : exemplar.DoubleValue;
            bool isHere = value <= upTo && (value > above || double.IsNegativeInfinity(above));
            if (isHere && exemplar.TraceId != default && (latest is not { } other || exemplar.Timestamp > other.Timestamp))
            {
                latest = exemplar;
            }
        }

        if (latest is { } found)
        {
            Write(output, found, isLong);
        }
    }

    private static void Write(ExpositionWriter output, Exemplar exemplar, bool isLong)
    {
        output.Text($" # {{trace_id=\"{exemplar.TraceId.ToHexString()}\"");
        if (exemplar.SpanId != default)
        {
            output.Text($",span_id=\"{exemplar.SpanId.ToHexString()}\"");
        }

        output.Raw("} "u8);
        output.Number(isLong ? exemplar.LongValue : exemplar.DoubleValue);
        output.Text($" {exemplar.Timestamp.ToUnixTimeMilliseconds() / 1000}.{exemplar.Timestamp.Millisecond:000}");
    }
}
