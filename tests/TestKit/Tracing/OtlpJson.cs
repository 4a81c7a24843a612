using System.Globalization;
using System.Text.Json;

namespace PhaseMesh.TestKit.Tracing;

/// <summary>Reads an ExportTraceServiceRequest in OTLP's JSON form.</summary>
public static class OtlpJson
{
    public static IReadOnlyList<ReceivedSpan> SpansOf(ReadOnlyMemory<byte> request)
    {
        using JsonDocument document = JsonDocument.Parse(request);
        return
        [
            .. from resourceSpans in Items(document.RootElement, "resourceSpans")
               let resource = resourceSpans.TryGetProperty("resource", out JsonElement found) ? Attributes(found) : []
               from scopeSpans in Items(resourceSpans, "scopeSpans")
               from span in Items(scopeSpans, "spans")
               select SpanOf(span, resource),
        ];
    }

    private static ReceivedSpan SpanOf(JsonElement span, IReadOnlyDictionary<string, string> resource)
    {
        JsonElement status = span.TryGetProperty("status", out JsonElement found) ? found : default;
        return new ReceivedSpan
        {
            TraceId = Text(span, "traceId"),
            SpanId = Text(span, "spanId"),
            ParentSpanId = Text(span, "parentSpanId"),
            Name = Text(span, "name"),
            Kind = (int)Number(span, "kind"),
            Start = Number(span, "startTimeUnixNano"),
            End = Number(span, "endTimeUnixNano"),
            Attributes = Attributes(span),
            Events =
            [
                .. Items(span, "events")
                    .Select(told => new ReceivedEvent(Text(told, "name"), Number(told, "timeUnixNano"), Attributes(told))),
            ],
            StatusCode = (int)Number(status, "code"),
            StatusMessage = Text(status, "message"),
            Resource = resource,
        };
    }

    private static Dictionary<string, string> Attributes(JsonElement holder) => Items(holder, "attributes")
        .ToDictionary(pair => Text(pair, "key"), pair => pair.GetProperty("value").EnumerateObject().Single().Value.ToString() switch
        {
            "True" => "true",
            "False" => "false",
            var other => other,
        });

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement items) ? items.EnumerateArray() : default;

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement text) ? text.GetString() ?? "" : "";

    private static long Number(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement number)
            ? long.Parse(number.ToString(), CultureInfo.InvariantCulture)
            : 0;
}
