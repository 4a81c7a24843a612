using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using PhaseMesh.Telemetry.Prometheus;

namespace PhaseMesh.Telemetry;

/// <summary>
/// From instruments to whoever reads them: OpenTelemetry's SDK aggregates; a scrape collects from its pull readers, and OTLP is pushed where
/// OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT) says so.
/// </summary>
/// <remarks>
/// Two providers, because the SDK reports a series for good once it was there unless its reader is one of differences: gauges whose series
/// come and go have such a reader (their values are no differences either way), all else a cumulative one, as Prometheus wants it.
/// </remarks>
public sealed class MetricsPipeline : IDisposable
{
    private readonly MetricsOptions _options;
    private readonly HostMeters _host;
    private readonly TimeProvider _clock;
    private readonly IScrapeFigures[] _figures;
    private readonly MeterProvider[] _providers;
    private readonly ScrapeExporter[] _exporters;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly KeptScrape?[] _kept = new KeptScrape?[Enum.GetValues<ExpositionFormat>().Length];

    /// <exception cref="ArgumentException">OTLP's environment variables make no sense.</exception>
    public MetricsPipeline(MetricsOptions options, HostMeters host, TimeProvider clock, IEnumerable<IScrapeFigures> figures)
    {
        (_options, _host, _clock, _figures) = (options, host, clock, [.. figures]);
        if (OtlpEnvironment.IsDisabled())
        {
            (_providers, _exporters) = ([], []);
            return;
        }

        bool pushes = OtlpEnvironment.IsSet();
        (MeterProvider steady, ScrapeExporter steadyExporter) = Build(
            options.Meters, options.MaxSeries, MetricReaderTemporalityPreference.Cumulative, pushes);
        (MeterProvider passing, ScrapeExporter passingExporter) =
            Build(options.PassingMeters, options.MaxPassingSeries, MetricReaderTemporalityPreference.Delta, pushes);
        (_providers, _exporters) = ([steady, passing], [steadyExporter, passingExporter]);
    }

    /// <summary>How long the figures of <see cref="IScrapeFigures"/> may keep a scrape waiting.</summary>
    internal static TimeSpan FiguresLimit { get; } = TimeSpan.FromSeconds(3);

    internal async Task<ReadOnlyMemory<byte>> ScrapeAsync(ExpositionFormat format, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_kept[(int)format] is { } kept && _clock.GetElapsedTime(kept.Timestamp) < _options.KeptFor)
            {
                return kept.Bytes;
            }

            await RefreshFiguresAsync(cancellationToken);
            long timestamp = _clock.GetTimestamp();
            byte[] bytes = Collect(format, timestamp);
            _kept[(int)format] = new KeptScrape(bytes, timestamp);
            return bytes;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        foreach (MeterProvider provider in _providers)
        {
            provider.Dispose();
        }

        _host.Dispose();
        _gate.Dispose();
    }

    private byte[] Collect(ExpositionFormat format, long timestamp)
    {
        using ExpositionWriter output = new(format);
        FamilyWriter families = new(output, _options.MaxScrapeBytes);
        foreach (ScrapeExporter exporter in _exporters)
        {
            exporter.CollectInto(families);
        }

        families.Write(ScrapeFigures.LeftOut, "{family}", ScrapeFigures.LeftOutHelp, families.LeftOut);
        families.Write(ScrapeFigures.Duration, "s", ScrapeFigures.DurationHelp, _clock.GetElapsedTime(timestamp).TotalSeconds);
        families.End();
        return output.Written.ToArray();
    }

    private async Task RefreshFiguresAsync(CancellationToken cancellationToken)
    {
        if (_figures.Length == 0)
        {
            return;
        }

        using CancellationTokenSource limit = new(FiguresLimit, _clock);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        await Task.WhenAll(_figures.Select(figures => figures.RefreshAsync(both.Token)));
    }

    private (MeterProvider Provider, ScrapeExporter Exporter) Build(
        IReadOnlyList<string> meters, int maxSeries, MetricReaderTemporalityPreference temporality, bool pushes)
    {
        ScrapeExporter exporter = new(_host);
        MetricStreamConfiguration bounded = new() { CardinalityLimit = maxSeries };
        MeterProviderBuilder builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService(_options.Program, serviceVersion: _options.Version))
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddMeter([.. meters])
            .AddView(_ => bounded)
            .AddReader(new BaseExportingMetricReader(exporter) { TemporalityPreference = temporality });
        if (pushes && meters.Count > 0)
        {
            builder.AddOtlpExporter((_, reader) => reader.TemporalityPreference = temporality);
        }

        return (builder.Build(), exporter);
    }

    private sealed record KeptScrape(byte[] Bytes, long Timestamp);
}
