namespace PhaseMesh.Telemetry;

/// <summary>What a program measures, and what it is called there.</summary>
public sealed record MetricsOptions
{
    /// <summary>OpenTelemetry's <c>service.name</c>, unless OTEL_SERVICE_NAME says otherwise.</summary>
    public required string Program { get; init; }

    public required string Version { get; init; }

    /// <summary>Meters whose series stay once they are there.</summary>
    public required IReadOnlyList<string> Meters { get; init; }

    /// <summary>
    /// Meters of observable gauges whose series come and go, such as one per provider: what was not observed at a scrape is not in it. The
    /// SDK keeps every series of the other ones for good.
    /// </summary>
    public IReadOnlyList<string> PassingMeters { get; init; } = [];

    /// <summary>
    /// Series of one instrument; what is beyond goes together into one with the label <c>otel_metric_overflow</c>. Room for all of them is
    /// taken at once, so not more than are needed. Default 500.
    /// </summary>
    public int MaxSeries { get; init; } = 500;

    /// <summary>The same of <see cref="PassingMeters"/>. Default 4096: the fleet this is made for, four times over.</summary>
    public int MaxPassingSeries { get; init; } = 4096;

    /// <summary>Bytes of one answer; families that don't fit are left out and counted. Default 32 MiB.</summary>
    public int MaxScrapeBytes { get; init; } = 32 << 20;

    /// <summary>Asked again within this time, the same is answered: who scrapes in a loop costs one collection per period. Default 1 s.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromSeconds(1);
}
