using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Silo.Fleet.Api;

namespace PhaseMesh.Silo.Fleet.Traces;

/// <summary>
/// OTLP's ExportTraceServiceRequest as JSON, as far as a boot's trace needs it: lowerCamelCase names, ids in hex, 64 bit numbers as
/// strings, enums as numbers. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
/// </summary>
internal sealed record OtlpTraces([property: JsonPropertyName("resourceSpans")] OtlpResourceSpans?[]? ResourceSpans)
{
    public static JsonSerializerOptions Options { get; } =
        new(FleetJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}

internal sealed record OtlpResourceSpans(
    OtlpResource? Resource, [property: JsonPropertyName("scopeSpans")] OtlpScopeSpans?[]? ScopeSpans);

internal sealed record OtlpResource(OtlpAttribute?[]? Attributes);

internal sealed record OtlpScopeSpans(OtlpSpan?[]? Spans);

/// <param name="TraceId">The boot's id.</param>
/// <param name="ParentSpanId">None or empty: the root.</param>
internal sealed record OtlpSpan(
    [property: JsonPropertyName("traceId")] string? TraceId,
    [property: JsonPropertyName("spanId")] string? SpanId,
    [property: JsonPropertyName("parentSpanId")] string? ParentSpanId,
    string? Name,
    int Kind,
    [property: JsonPropertyName("startTimeUnixNano"), JsonNumberHandling(OtlpNumbers.Either)] long StartTimeUnixNano,
    [property: JsonPropertyName("endTimeUnixNano"), JsonNumberHandling(OtlpNumbers.Either)] long EndTimeUnixNano,
    OtlpAttribute?[]? Attributes,
    OtlpEvent?[]? Events,
    OtlpStatus? Status);

internal sealed record OtlpEvent(
    [property: JsonPropertyName("timeUnixNano"), JsonNumberHandling(OtlpNumbers.Either)] long TimeUnixNano,
    string? Name,
    OtlpAttribute?[]? Attributes);

internal sealed record OtlpStatus(string? Message, int Code);

internal sealed record OtlpAttribute(string? Key, OtlpValue? Value);

/// <summary>One of them.</summary>
internal sealed record OtlpValue(
    [property: JsonPropertyName("stringValue")] string? StringValue = null,
    [property: JsonPropertyName("intValue"), JsonNumberHandling(OtlpNumbers.Either)] long? IntValue = null,
    [property: JsonPropertyName("doubleValue")] double? DoubleValue = null,
    [property: JsonPropertyName("boolValue")] bool? BoolValue = null);

internal static class OtlpNumbers
{
    /// <summary>Written as a string; read as that or a number.</summary>
    public const JsonNumberHandling Either = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString;
}
