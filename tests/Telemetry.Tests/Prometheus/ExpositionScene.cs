using System.Diagnostics.Metrics;
using System.Text;
using PhaseMesh.Telemetry.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Prometheus;

/// <summary>A pipeline over meters of its own, which no other test has.</summary>
internal sealed class ExpositionScene : IDisposable
{
    private readonly string _name = $"test-{Guid.NewGuid():N}";
    private readonly HostMeters _host = new();
    private readonly MetricsPipeline _pipeline;

    public ExpositionScene(Func<MetricsOptions, MetricsOptions>? change = null, params IScrapeFigures[] figures)
    {
        MetricsOptions options = new()
        {
            Program = "test",
            Version = "1.2.3",
            Meters = [_name],
            PassingMeters = [$"{_name}-passing"],
            KeptFor = TimeSpan.Zero,
        };
        _pipeline = new MetricsPipeline(change?.Invoke(options) ?? options, _host, TimeProvider.System, figures);
        Meter = _host.Create(_name);
        Passing = _host.Create($"{_name}-passing");
    }

    public Meter Meter { get; }

    public Meter Passing { get; }

    /// <summary>A meter of the same name that another host of this process made.</summary>
    public Meter Foreign(HostMeters other) => other.Create(_name);

    public async Task<string> ScrapeAsync(ExpositionFormat format = ExpositionFormat.Text) =>
        Encoding.UTF8.GetString((await _pipeline.ScrapeAsync(format, CancellationToken.None)).Span);

    /// <summary>Without the figures about the scrape itself.</summary>
    public async Task<string[]> LinesAsync(ExpositionFormat format = ExpositionFormat.Text) =>
        [.. (await ScrapeAsync(format)).Split('\n').Where(line => line.Length > 0 && !line.Contains("phase_scrape_", StringComparison.Ordinal))];

    public void Dispose() => _pipeline.Dispose();
}
