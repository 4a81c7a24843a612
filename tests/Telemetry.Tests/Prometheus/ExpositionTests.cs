using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using PhaseMesh.Telemetry.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Prometheus;

public sealed class ExpositionTests : IDisposable
{
    private readonly ExpositionScene _scene = new();

    [Fact]
    public async Task Text_EachKind_AsTheFormatSays()
    {
        RecordEachKind();
        Assert.Equal(
            [
                "# TYPE fetch_bytes_total counter",
                "# HELP fetch_bytes_total Bytes \"fetched\" by \\\\ source\\nand line",
                "fetch_bytes_total{source=\"direct\"} 7",
                "fetch_bytes_total{source=\"peer\"} 3",
                "# TYPE queue gauge",
                "queue -2",
                "# TYPE load_ratio gauge",
                "load_ratio 0.25",
                "# TYPE wait_seconds histogram",
                "# HELP wait_seconds Time waited",
                "wait_seconds_bucket{kind=\"a\",le=\"0.5\"} 1",
                "wait_seconds_bucket{kind=\"a\",le=\"1.0\"} 2",
                "wait_seconds_bucket{kind=\"a\",le=\"+Inf\"} 3",
                "wait_seconds_sum{kind=\"a\"} 4.25",
                "wait_seconds_count{kind=\"a\"} 3",
            ],
            await _scene.LinesAsync());
    }

    [Fact]
    public async Task OpenMetrics_EachKind_AsTheFormatSays()
    {
        RecordEachKind();
        Assert.Equal(
            [
                "# TYPE fetch_bytes counter",
                "# UNIT fetch_bytes bytes",
                "# HELP fetch_bytes Bytes \\\"fetched\\\" by \\\\ source\\nand line",
                "fetch_bytes_total{source=\"direct\"} 7",
                "fetch_bytes_total{source=\"peer\"} 3",
                "# TYPE queue gauge",
                "queue -2",
                "# TYPE load_ratio gauge",
                "# UNIT load_ratio ratio",
                "load_ratio 0.25",
                "# TYPE wait_seconds histogram",
                "# UNIT wait_seconds seconds",
                "# HELP wait_seconds Time waited",
                "wait_seconds_bucket{kind=\"a\",le=\"0.5\"} 1",
                "wait_seconds_bucket{kind=\"a\",le=\"1.0\"} 2",
                "wait_seconds_bucket{kind=\"a\",le=\"+Inf\"} 3",
                "wait_seconds_sum{kind=\"a\"} 4.25",
                "wait_seconds_count{kind=\"a\"} 3",
                "# EOF",
            ],
            await _scene.LinesAsync(ExpositionFormat.OpenMetrics));
    }

    [Fact]
    public async Task OpenMetrics_MeasuredWithinATrace_HasItsExemplarOnTheBucketAndTheCounter()
    {
        Counter<long> counter = _scene.Meter.CreateCounter<long>("done");
        Histogram<double> histogram = _scene.Meter.CreateHistogram(
            "took", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 10] });
        using ActivitySource source = new($"trace-{Guid.NewGuid():N}");
        using ActivityListener listener = new()
        {
            ShouldListenTo = asked => asked.Name == source.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        string trace;
        using (Activity activity = source.StartActivity("boot")!)
        {
            trace = $"# {{trace_id=\"{activity.TraceId}\",span_id=\"{activity.SpanId}\"}}";
            counter.Add(1);
            histogram.Record(4);
        }

        histogram.Record(0.5); // Outside of any trace.
        string[] lines = await _scene.LinesAsync(ExpositionFormat.OpenMetrics);
        Assert.StartsWith($"done_total 1 {trace} 1 ", Assert.Single(lines, line => line.StartsWith("done_total", StringComparison.Ordinal)));
        Assert.Equal("took_seconds_bucket{le=\"1.0\"} 1", Assert.Single(lines, line => line.Contains("le=\"1.0\"", StringComparison.Ordinal)));
        string bucket = Assert.Single(lines, line => line.Contains("le=\"10.0\"", StringComparison.Ordinal));
        Assert.StartsWith($"took_seconds_bucket{{le=\"10.0\"}} 2 {trace} 4 ", bucket);
        Assert.True(double.Parse(bucket.Split(' ')[^1], CultureInfo.InvariantCulture) > 1.7e9, bucket);
        Assert.DoesNotContain(await _scene.LinesAsync(), line => line.Contains("trace_id", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a\"b\\c\nd", "a\\\"b\\\\c\\nd")]
    [InlineData("\"} 1\nforged_total 99\n", "\\\"} 1\\nforged_total 99\\n")]
    [InlineData("nul\0tab\tbell\x07", "nul\\\\x00tab\\\\x09bell\\\\x07")]
    [InlineData("läuft 火 \U0001F600", "läuft 火 \U0001F600")]
    [InlineData("", "")]
    public async Task LabelValue_Hostile_IsEscaped(string value, string expected)
    {
        _scene.Meter.CreateCounter<long>("seen").Add(1, new KeyValuePair<string, object?>("who", value));
        Assert.Equal(["# TYPE seen_total counter", $"seen_total{{who=\"{expected}\"}} 1"], await _scene.LinesAsync());
    }

    [Fact]
    public Task LabelValue_WithHalfACharacter_IsStillUtf8() =>
        LabelValue_Hostile_IsEscaped($"lone {(char)0xd800} surrogate", "lone \ufffd surrogate");

    [Fact]
    public async Task LabelValues_LongAndAlikeAtFirst_AreCutAndStayApart()
    {
        Counter<long> counter = _scene.Meter.CreateCounter<long>("seen");
        string begin = new('x', 5000);
        counter.Add(1, new KeyValuePair<string, object?>("who", begin + "1"));
        counter.Add(2, new KeyValuePair<string, object?>("who", begin + "2"));
        string[] series = [.. (await _scene.LinesAsync()).Skip(1)];
        Assert.Equal(2, series.Length);
        Assert.NotEqual(series[0].Split(' ')[0], series[1].Split(' ')[0]);
        Assert.All(series, line => Assert.Equal("seen_total{who=\"\"} 1".Length + EscapedText.MaxValueLength, line.Length));
    }

    [Theory]
    [InlineData("a.b-c", "a_b_c")]
    [InlineData("9lives", "_9lives")]
    [InlineData("__name__", "_name_")]
    [InlineData("a..b", "a_b")]
    [InlineData("ä", "_")]
    public void Name_IsMadeOneOfPrometheus(string name, string expected) => Assert.Equal(expected, FamilyName.Clean(name));

    [Theory]
    [InlineData("process.cpu", "s", FamilyType.Counter, "process_cpu_seconds")]
    [InlineData("x.seconds", "s", FamilyType.Gauge, "x_seconds")]
    [InlineData("x.total", null, FamilyType.Counter, "x")]
    [InlineData("x", "{boot}", FamilyType.Counter, "x")]
    [InlineData("x", "1", FamilyType.Counter, "x")]
    [InlineData("x", "1", FamilyType.Gauge, "x_ratio")]
    [InlineData("x", "By/s", FamilyType.Gauge, "x_bytes_per_second")]
    [InlineData("x", "furlong", FamilyType.Gauge, "x")]
    internal void Name_HasItsUnit(string instrument, string? unit, FamilyType type, string expected) =>
        Assert.Equal(expected, FamilyName.Of(instrument, unit, type).Name);

    [Fact]
    public async Task Numbers_OfEachSort_ReadBackTheSame()
    {
        double[] values = [0, -1, 0.1, 1e-9, 1e300, 123456789.123, double.NaN, double.PositiveInfinity, double.NegativeInfinity];
        _scene.Passing.CreateObservableGauge("given", () => values.Select((value, index) =>
            new Measurement<double>(value, new KeyValuePair<string, object?>("i", index))));
        Dictionary<string, string> read = (await _scene.LinesAsync()).Skip(1).ToDictionary(line => line.Split('"')[1], line => line.Split(' ')[1]);
        for (int i = 0; i < values.Length; i++)
        {
            string text = read[$"{i}"].Replace("Inf", "Infinity", StringComparison.Ordinal).Replace("+", "", StringComparison.Ordinal);
            Assert.Equal(values[i], double.Parse(text, CultureInfo.InvariantCulture));
        }
    }

    public void Dispose() => _scene.Dispose();

    private void RecordEachKind()
    {
        Counter<long> counter = _scene.Meter.CreateCounter<long>("fetch", "By", "Bytes \"fetched\" by \\ source\nand line");
        counter.Add(7, new KeyValuePair<string, object?>("source", "direct"));
        counter.Add(3, new KeyValuePair<string, object?>("source", "peer"));
        _scene.Meter.CreateUpDownCounter<int>("queue", "{request}").Add(-2);
        _scene.Meter.CreateObservableGauge("load", () => 0.25, "1");
        Histogram<double> histogram = _scene.Meter.CreateHistogram(
            "wait", "s", "Time waited", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (double value in (double[])[0.5, 0.75, 3])
        {
            histogram.Record(value, new KeyValuePair<string, object?>("kind", "a"));
        }
    }
}
