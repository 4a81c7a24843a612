using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PhaseMesh.Manifests.Traces;

/// <summary>
/// Writes an <c>ExportTraceServiceRequest</c> of OTLP as JSON (opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding"): names
/// in lowerCamelCase, ids in hex, 64-bit integers and times as decimal strings.
/// </summary>
public static class TraceWriter
{
    private const int KindInternal = 1;
    private const int StatusError = 2;
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="traceId">32 lower-case hex digits.</param>
    public static byte[] Write(string traceId, IReadOnlyList<TraceSpans> sources)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer, Relaxed);
        json.WriteStartObject();
        json.WriteStartArray("resourceSpans");
        foreach (TraceSpans source in sources.Where(source => source.Spans.Count > 0))
        {
            WriteSource(json, traceId, source);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>How many bytes a span has in a document, with the comma.</summary>
    public static int SizeOf(TraceSpan span)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer, Relaxed);
        WriteSpan(json, new string('0', 32), span);
        json.Flush();
        return buffer.WrittenCount + 1;
    }

    private static void WriteSource(Utf8JsonWriter json, string traceId, TraceSpans spans)
    {
        TraceSource source = spans.Source;
        json.WriteStartObject();
        json.WriteStartObject("resource");
        WriteAttributes(json,
        [
            TraceTag.Of("service.name", source.Service),
            TraceTag.Of("service.version", source.Version),
            .. source.Host is { } host ? [TraceTag.Of("host.name", host)] : Array.Empty<TraceTag>(),
        ]);
        json.WriteEndObject();
        json.WriteStartArray("scopeSpans");
        json.WriteStartObject();
        json.WriteStartObject("scope");
        json.WriteString("name", source.Service);
        json.WriteEndObject();
        json.WriteStartArray("spans");
        foreach (TraceSpan span in spans.Spans)
        {
            WriteSpan(json, traceId, span);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSpan(Utf8JsonWriter json, string traceId, TraceSpan span)
    {
        json.WriteStartObject();
        json.WriteString("traceId", traceId);
        json.WriteString("spanId", span.Id);
        if (span.Parent is not null)
        {
            json.WriteString("parentSpanId", span.Parent);
        }

        json.WriteString("name", span.Name);
        json.WriteNumber("kind", KindInternal);
        WriteTime(json, "startTimeUnixNano", span.Start);
        if (span.End is { } end)
        {
            WriteTime(json, "endTimeUnixNano", end);
        }

        WriteAttributes(json, span.Attributes);
        if (span.Events.Count > 0)
        {
            json.WriteStartArray("events");
            foreach (TraceEvent told in span.Events)
            {
                json.WriteStartObject();
                WriteTime(json, "timeUnixNano", told.At);
                json.WriteString("name", told.Name);
                WriteAttributes(json, told.Attributes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (span.Error is not null)
        {
            json.WriteStartObject("status");
            json.WriteNumber("code", StatusError);
            json.WriteString("message", span.Error);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset time)
    {
        long nanoseconds = (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * TimeSpan.NanosecondsPerTick;
        json.WriteString(name, nanoseconds.ToString(CultureInfo.InvariantCulture));
    }

    private static void WriteAttributes(Utf8JsonWriter json, IReadOnlyList<TraceTag> attributes)
    {
        if (attributes.Count == 0)
        {
            return;
        }

        json.WriteStartArray("attributes");
        foreach (TraceTag attribute in attributes)
        {
            json.WriteStartObject();
            json.WriteString("key", attribute.Key);
            json.WriteStartObject("value");
            switch (attribute.Value)
            {
                case string text:
                    json.WriteString("stringValue", text);
                    break;
                case long number:
                    json.WriteString("intValue", number.ToString(CultureInfo.InvariantCulture));
                    break;
                case bool flag:
                    json.WriteBoolean("boolValue", flag);
                    break;
                case double real:
                    json.WriteNumber("doubleValue", real);
                    break;
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
