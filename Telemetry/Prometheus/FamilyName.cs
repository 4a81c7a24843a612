using System.Text;
using OpenTelemetry.Metrics;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>What Prometheus makes of an instrument: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/</summary>
/// <param name="Name">Without <c>_total</c>; that is the samples'.</param>
/// <param name="Unit">As the name ends, or empty.</param>
internal sealed record FamilyName(string Name, FamilyType Type, string Unit)
{
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["By"] = "bytes",
        ["By/s"] = "bytes_per_second",
        ["1"] = "ratio",
    };

    public static FamilyName Of(Metric metric) => Of(metric.Name, metric.Unit, TypeOf(metric.MetricType));

    /// <param name="instrument">Such as <c>cluster.storage.duration</c>.</param>
    /// <param name="unit">UCUM; of an annotation such as <c>{call}</c> nothing is kept.</param>
    /// <param name="type">A counter has no <c>ratio</c>.</param>
    public static FamilyName Of(string instrument, string? unit, FamilyType type)
    {
        string name = Clean(instrument);
        string suffix = unit is null || (unit == "1" && type != FamilyType.Gauge) ? "" : Units.GetValueOrDefault(unit, "");
        if (type == FamilyType.Counter && name.EndsWith("_total", StringComparison.Ordinal))
        {
            name = name[..^"_total".Length];
        }

        return new FamilyName(
            suffix.Length == 0 || name.EndsWith($"_{suffix}", StringComparison.Ordinal) ? name : $"{name}_{suffix}", type, suffix);
    }

    /// <summary>Letters, digits and single underscores, no digit first; a label's name may not begin with two.</summary>
    public static string Clean(string name)
    {
        StringBuilder clean = new(name.Length);
        foreach (char letter in name)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                clean.Append(letter);
            }
            else if (clean.Length == 0 || clean[^1] != '_')
            {
                clean.Append('_');
            }
        }

        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? $"_{clean}" : clean.ToString();
    }

    private static FamilyType TypeOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => FamilyType.Counter,
        MetricType.Histogram => FamilyType.Histogram,
        MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic =>
            FamilyType.Gauge,
        _ => throw new NotSupportedException($"Expected a counter, a gauge or a histogram of fixed buckets, found {type}."),
    };
}

internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
}
