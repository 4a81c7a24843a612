using System.Diagnostics;
using System.Globalization;
using OpenTelemetry.Trace;

namespace PhaseMesh.Telemetry.Tracing;

/// <summary>
/// What OpenTelemetry's variables say of traces; what can't be read is an error, not unset.
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
/// </summary>
public sealed record TraceSettings
{
    private const string General = "OTEL_EXPORTER_OTLP_";
    private const string OfTraces = "OTEL_EXPORTER_OTLP_TRACES_";
    private const string SamplerName = "OTEL_TRACES_SAMPLER";
    private const string SamplerRatio = "OTEL_TRACES_SAMPLER_ARG";
    private const string DefaultTimeout = "10000";

    /// <summary>Where spans are sent: over HTTP the whole URL, by gRPC the collector's. Null: there are none.</summary>
    public Uri? Endpoint { get; private init; }

    /// <summary>OTLP over HTTP; otherwise gRPC, which the SDK takes where no protocol is named.</summary>
    public bool IsHttp { get; private init; }

    /// <summary><c>NAME=VALUE,...</c> as the variable has it; null: none.</summary>
    public string? Headers { get; private init; }

    /// <summary>Of one request.</summary>
    public TimeSpan Timeout { get; private init; }

    /// <summary>Whether a request that belongs to no trace may begin one.</summary>
    public bool BeginsTraces { get; private init; }

    internal TraceSampler Sampler { get; private init; } = new(null, 1);

    /// <exception cref="ArgumentException">A variable breaks its rule; the message names it.</exception>
    public static TraceSettings From(Func<string, string?> variable)
    {
        Uri? whole = UrlOf(OfTraces + "ENDPOINT");
        Uri? general = UrlOf(General + "ENDPOINT");
        string exporter = Of("OTEL_TRACES_EXPORTER") ?? "otlp";
        if ((whole ?? general) is not { } endpoint || exporter == "none" || OtlpEnvironment.IsDisabled(variable))
        {
            return new TraceSettings();
        }

        Require("OTEL_TRACES_EXPORTER", exporter, exporter == "otlp", "otlp or none");
        string protocol = Of(OfTraces + "PROTOCOL") ?? Of(General + "PROTOCOL") ?? "grpc";
        Require(General + "PROTOCOL", protocol, protocol is "grpc" or "http/protobuf", "grpc or http/protobuf");
        string timeout = Of(OfTraces + "TIMEOUT") ?? Of(General + "TIMEOUT") ?? DefaultTimeout;
        bool isTime = int.TryParse(timeout, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) && milliseconds > 0;
        Require(General + "TIMEOUT", timeout, isTime, "milliseconds");
        string? sampler = Of(SamplerName);
        Require(
            SamplerName, sampler, sampler is null || TraceSampler.Names.Contains(sampler), $"one of {string.Join(", ", TraceSampler.Names)}");
        string argument = Of(SamplerRatio) ?? "1";
        bool isRatio = double.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out double ratio)
            && ratio is >= 0 and <= 1;
        Require(SamplerRatio, argument, isRatio, "a number from 0 to 1");

        bool isHttp = protocol == "http/protobuf";
        return new TraceSettings
        {
            Endpoint = isHttp && whole is null ? new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/v1/traces") : endpoint,
            IsHttp = isHttp,
            Headers = Of(OfTraces + "HEADERS") ?? Of(General + "HEADERS"),
            Timeout = TimeSpan.FromMilliseconds(milliseconds),
            BeginsTraces = sampler is not null,
            Sampler = new TraceSampler(sampler, ratio),
        };

        string? Of(string name) => variable(name) is { Length: > 0 } value ? value : null;

        Uri? UrlOf(string name)
        {
            string? text = Of(name);
            bool isUrl = Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https";
            Require(name, text, text is null || isUrl, "an http or https URL");
            return url;
        }
    }

    /// <summary>Whether the trace of a boot is sampled: the same answer from every process of the same variables.</summary>
    /// <param name="bootId">32 hex digits.</param>
    public bool Samples(string bootId)
    {
        ActivityContext asked = new(
            ActivityTraceId.CreateFromString(bootId), ActivitySpanId.CreateFromString(bootId.AsSpan(0, 16)), ActivityTraceFlags.Recorded,
            isRemote: true);
        return Sampler.ShouldSample(new SamplingParameters(asked, asked.TraceId, "boot", ActivityKind.Server)).Decision
            == SamplingDecision.RecordAndSample;
    }

    private static void Require(string name, string? found, bool holds, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name}: expected {expected}, found '{found}'; nothing would be sent.");
        }
    }
}
