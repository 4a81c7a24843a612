using System.Runtime.ExceptionServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>What a reader of the SDK collects, written as families while it holds still. One collection at a time.</summary>
[ExportModes(ExportModes.Pull)]
internal sealed class ScrapeExporter(HostMeters host) : BaseExporter<Metric>, IPullMetricExporter
{
    private FamilyWriter? _target;
    private ExceptionDispatchInfo? _fault;

    public Func<int, bool>? Collect { get; set; }

    /// <exception cref="InvalidOperationException">The reader collected nothing: the pipeline has ended.</exception>
    public void CollectInto(FamilyWriter target)
    {
        (_target, _fault) = (target, null);
        bool isCollected = Collect?.Invoke(Timeout.Infinite) ?? false;
        _target = null;
        _fault?.Throw();
        if (!isCollected)
        {
            throw new InvalidOperationException("The metrics were not collected; the pipeline has ended.");
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        if (_target is not { } target)
        {
            return ExportResult.Success; // The last collection, at shutdown.
        }

        try
        {
            foreach (Metric metric in batch)
            {
                if (host.Owns(metric.MeterTags))
                {
                    target.Write(metric);
                }
            }

            return ExportResult.Success;
        }
        catch (Exception exception)
        {
            // The SDK would swallow it.
            _fault = ExceptionDispatchInfo.Capture(exception);
            return ExportResult.Failure;
        }
    }
}
