using System.Diagnostics.Metrics;
using PhaseMesh.Telemetry.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Prometheus;

/// <summary>Who is in a scrape, and what bounds it.</summary>
public sealed class PipelineTests
{
    [Fact]
    public async Task PassingSeries_ThatWasNotObserved_IsGone()
    {
        using ExpositionScene scene = new();
        string[] providers = ["a", "b"];
        scene.Passing.CreateObservableGauge("load", () => providers.Select(name =>
            new Measurement<int>(1, new KeyValuePair<string, object?>("provider", name))));
        Assert.Equal(["load{provider=\"a\"} 1", "load{provider=\"b\"} 1"], (await scene.LinesAsync()).Skip(1));
        providers = ["b", "c"];
        Assert.Equal(["load{provider=\"b\"} 1", "load{provider=\"c\"} 1"], (await scene.LinesAsync()).Skip(1).Order());
        providers = [];
        Assert.Empty(await scene.LinesAsync());
    }

    [Fact]
    public async Task PassingSeries_ThousandsOverTime_NeverOverflow()
    {
        using ExpositionScene scene = new(options => options with { MaxPassingSeries = 100 });
        int round = 0;
        scene.Passing.CreateObservableGauge("load", () => Enumerable.Range(round * 50, 50).Select(index =>
            new Measurement<int>(index, new KeyValuePair<string, object?>("provider", index))));
        for (; round < 40; round++)
        {
            string[] lines = await scene.LinesAsync();
            Assert.Equal(51, lines.Length);
            Assert.Contains($"load{{provider=\"{round * 50}\"}} {round * 50}", lines);
        }
    }

    [Fact]
    public async Task Series_BeyondTheLimit_GoTogetherIntoOne()
    {
        using ExpositionScene scene = new(options => options with { MaxSeries = 10 });
        Counter<long> counter = scene.Meter.CreateCounter<long>("seen");
        for (int i = 0; i < 1000; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("who", i));
        }

        string[] lines = await scene.LinesAsync();
        Assert.Equal(12, lines.Length);
        Assert.Contains("seen_total{otel_metric_overflow=\"true\"} 990", lines);
    }

    [Fact]
    public async Task Family_WithoutRoom_IsLeftOutWholeAndCounted()
    {
        using ExpositionScene scene = new(options => options with { MaxScrapeBytes = 4096 });
        Counter<long> large = scene.Meter.CreateCounter<long>("large");
        for (int i = 0; i < 1000; i++)
        {
            large.Add(1, new KeyValuePair<string, object?>("who", i));
        }

        scene.Meter.CreateCounter<long>("small").Add(1);
        string text = await scene.ScrapeAsync(ExpositionFormat.OpenMetrics);
        Assert.InRange(text.Length, 1, 4096);
        Assert.DoesNotContain("large", text, StringComparison.Ordinal);
        Assert.Contains("\nsmall_total 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\nphase_scrape_families_left_out 1\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Families_OfOneName_AreNotWrittenTwice()
    {
        using ExpositionScene scene = new();
        scene.Meter.CreateCounter<long>("a.b").Add(1);
        scene.Meter.CreateCounter<long>("a_b").Add(2);
        string text = await scene.ScrapeAsync();
        Assert.Single(text.Split('\n'), line => line.StartsWith("# TYPE a_b_total", StringComparison.Ordinal));
        Assert.Contains("phase_scrape_families_left_out 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherHostsOfTheProcess_AreNotInIt()
    {
        using ExpositionScene scene = new();
        using HostMeters other = new();
        scene.Meter.CreateObservableGauge("load", () => 1);
        scene.Foreign(other).CreateObservableGauge("load", () => 2);
        Assert.Equal(["# TYPE load gauge", "load 1"], await scene.LinesAsync());
    }

    [Fact]
    public async Task Callback_ThatThrows_CostsItsOwnFamilyOnly()
    {
        using ExpositionScene scene = new();
        scene.Meter.CreateObservableGauge("broken", Broken);
        scene.Meter.CreateObservableGauge("whole", () => 1);
        Assert.Equal(["# TYPE whole gauge", "whole 1"], await scene.LinesAsync());
    }

    [Fact]
    public async Task Scrape_SoonAfterAnother_CollectsOnce()
    {
        using ExpositionScene scene = new(options => options with { KeptFor = TimeSpan.FromHours(1) });
        int collections = 0;
        scene.Meter.CreateObservableGauge("collections", () => ++collections);
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => scene.ScrapeAsync())));
        Assert.Equal(1, collections);
        Assert.Single(answers.Distinct());
    }

    [Fact]
    public async Task Scrapes_WhileRecording_AreWholeAndNeverFall()
    {
        using ExpositionScene scene = new();
        Counter<long> counter = scene.Meter.CreateCounter<long>("done");
        Histogram<double> histogram = scene.Meter.CreateHistogram(
            "took", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        using CancellationTokenSource stop = new();
        Task[] recording = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested || i < 1000; i++)
            {
                counter.Add(1, new KeyValuePair<string, object?>("worker", worker));
                histogram.Record(i % 3);
            }
        }))];
        long last = 0;
        for (int i = 0; i < 50; i++)
        {
            string[] lines = await scene.LinesAsync(i % 2 == 0 ? ExpositionFormat.Text : ExpositionFormat.OpenMetrics);
            long total = Sum(lines, "done_total");
            Assert.True(total >= last, $"{total} after {last}");
            last = total;
            long[] buckets = [.. lines.Where(line => line.StartsWith("took_seconds_bucket", StringComparison.Ordinal)).Select(Value)];
            Assert.Equal(buckets.Order(), buckets);
            Assert.Equal(buckets.LastOrDefault(), Sum(lines, "took_seconds_count"));
        }

        await stop.CancelAsync();
        await Task.WhenAll(recording);
        string[] end = await scene.LinesAsync();
        Assert.Equal(Sum(end, "took_seconds_count"), Sum(end, "done_total"));
    }

    [Fact]
    public async Task Figures_AreRefreshedBeforeTheCollection()
    {
        Figures figures = new();
        using ExpositionScene scene = new(null, figures);
        scene.Passing.CreateObservableGauge("figure", () => figures.Value);
        Assert.Contains("figure 1", await scene.LinesAsync());
        Assert.Contains("figure 2", await scene.LinesAsync());
    }

    private static int Broken() => throw new InvalidOperationException("On purpose.");

    private static long Sum(string[] lines, string family) =>
        lines.Where(line => line.StartsWith(family, StringComparison.Ordinal)).Sum(Value);

    private static long Value(string line) => long.Parse(line.Split(' ')[1]);

    private sealed class Figures : IScrapeFigures
    {
        public int Value { get; private set; }

        public async Task RefreshAsync(CancellationToken cancellationToken)
        {
            await Task.Yield();
            Value++;
        }
    }
}
