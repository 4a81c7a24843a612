using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>
/// <code>
/// # HELP name_total text         (OpenMetrics: without _total)
/// # TYPE name_total counter
/// # UNIT name bytes              (OpenMetrics alone)
/// name_total{label="value"} 1 # {trace_id="..",span_id=".."} 1 1700000000.123
/// name_bucket{label="value",le="0.1"} 1     name_bucket{..,le="+Inf"} 2     name_sum{..} 0.5     name_count{..} 2
/// </code>
/// The same labels can't come twice in a family: the SDK has one point for each set of tags of a stream.
/// </summary>
internal sealed class FamilyWriter(ExpositionWriter output, int maxBytes)
{
    // For the two gauges about the scrape itself, and the end.
    private const int ReservedBytes = 512;

    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    /// <summary>Families that had no room, or the name of another.</summary>
    public int LeftOut { get; private set; }

    public void Write(Metric metric)
    {
        FamilyName family = FamilyName.Of(metric);
        int start = output.LengthBytes;
        if (!_written.Add(family.Name))
        {
            LeftOut++;
            return;
        }

        Head(family, metric.Description);
        int head = output.LengthBytes;
        foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
        {
            Point(family, metric.MetricType, in point);
            if (output.LengthBytes > maxBytes - ReservedBytes)
            {
                output.TakeBackTo(start);
                LeftOut++;
                return;
            }
        }

        if (output.LengthBytes == head)
        {
            output.TakeBackTo(start);
        }
    }

    /// <summary>A figure about the scrape itself.</summary>
    public void Write(string instrument, string unit, string help, double value)
    {
        FamilyName family = FamilyName.Of(instrument, unit, FamilyType.Gauge);
        Head(family, help);
        output.Text(family.Name);
        output.Raw(" "u8);
        output.Number(value);
        output.Raw("\n"u8);
    }

    public void End()
    {
        if (output.Format is ExpositionFormat.OpenMetrics)
        {
            output.Raw("# EOF\n"u8);
        }
    }

    private void Head(FamilyName family, string help)
    {
        bool isOpenMetrics = output.Format is ExpositionFormat.OpenMetrics;
        string name = family.Type is FamilyType.Counter && !isOpenMetrics ? $"{family.Name}_total" : family.Name;
        output.Text($"# TYPE {name} {family.Type switch
        {
            FamilyType.Counter => "counter",
            FamilyType.Gauge => "gauge",
            _ => "histogram",
        }}\n");
        if (isOpenMetrics && family.Unit.Length > 0)
        {
            output.Text($"# UNIT {name} {family.Unit}\n");
        }

        if (help.Length > 0)
        {
            output.Text($"# HELP {name} {EscapedText.Help(help, output.Format)}\n");
        }
    }

    private void Point(FamilyName family, MetricType type, in MetricPoint point)
    {
        string labels = LabelsOf(point.Tags);
        if (family.Type is FamilyType.Histogram)
        {
            Histogram(family.Name, labels, in point);
            return;
        }

        output.Text(family.Name);
        output.Raw(family.Type is FamilyType.Counter ? "_total"u8 : default);
        Labels(labels);
        switch (type)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                output.Number(point.GetSumLong());
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                output.Number(point.GetSumDouble());
                break;
            case MetricType.LongGauge:
                output.Number(point.GetGaugeLastValueLong());
                break;
            default:
                output.Number(point.GetGaugeLastValueDouble());
                break;
        }

        if (family.Type is FamilyType.Counter)
        {
            Exemplars.Latest(output, in point, type is MetricType.LongSum);
        }

        output.Raw("\n"u8);
    }

    private void Histogram(string name, string labels, in MetricPoint point)
    {
        long count = 0;
        double lower = double.NegativeInfinity;
        foreach (HistogramBucket bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            output.Text(name);
            output.Raw("_bucket{"u8);
            output.Text(labels);
            output.Raw(labels.Length > 0 ? ",le=\""u8 : "le=\""u8);
            output.Bound(bucket.ExplicitBound);
            output.Raw("\"} "u8);
            output.Number(count);
            Exemplars.Between(output, in point, lower, bucket.ExplicitBound);
            output.Raw("\n"u8);
            lower = bucket.ExplicitBound;
        }

        output.Text(name);
        output.Raw("_sum"u8);
        Labels(labels);
        output.Number(point.GetHistogramSum());
        output.Raw("\n"u8);
        output.Text(name);
        output.Raw("_count"u8);
        Labels(labels);
        output.Number(count);
        output.Raw("\n"u8);
    }

    private void Labels(string labels)
    {
        if (labels.Length > 0)
        {
            output.Raw("{"u8);
            output.Text(labels);
            output.Raw("}"u8);
        }

        output.Raw(" "u8);
    }

    private static string LabelsOf(ReadOnlyTagCollection tags)
    {
        if (tags.Count == 0)
        {
            return "";
        }

        List<string> labels = new(tags.Count);
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            labels.Add($"{FamilyName.Clean(tag.Key)}=\"{EscapedText.LabelValue(tag.Value)}\"");
        }

        return string.Join(',', labels);
    }
}
