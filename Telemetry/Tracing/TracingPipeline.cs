using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace PhaseMesh.Telemetry.Tracing;

/// <summary>What a program says of its work.</summary>
public sealed record TracingOptions
{
    /// <summary>OpenTelemetry's <c>service.name</c>, unless OTEL_SERVICE_NAME says otherwise.</summary>
    public required string Program { get; init; }

    public required string Version { get; init; }

    /// <summary>Names of its activity sources.</summary>
    public required IReadOnlyList<string> Sources { get; init; }
}

/// <summary>
/// From activities to a collector by OTLP. Without an endpoint there is no listener, and so no activity is ever made.
/// </summary>
public sealed class TracingPipeline : IDisposable
{
    private readonly TracerProvider? _provider;

    public TracingPipeline(TracingOptions options, TraceSettings settings)
    {
        Settings = settings;
        if (settings.Endpoint is { } endpoint)
        {
            _provider = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(resource => resource.AddService(options.Program, serviceVersion: options.Version)
                    .AddAttributes([new("host.name", Environment.MachineName)]))
                .SetSampler(settings.Sampler)
                .AddSource([.. options.Sources])
                .AddOtlpExporter(exporter =>
                {
                    exporter.Endpoint = endpoint;
                    exporter.Protocol = settings.IsHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
                    exporter.Headers = settings.Headers;
                    exporter.TimeoutMilliseconds = (int)settings.Timeout.TotalMilliseconds;
                })
                .Build();
        }
    }

    public TraceSettings Settings { get; }

    public bool IsOn => _provider is not null;

    public void Dispose() => _provider?.Dispose();
}
