using System.Collections.Immutable;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Silo.Fleet.Api;

namespace PhaseMesh.Silo.Fleet.Traces;

/// <summary>A boot's spans from OTLP and back. What a boot's trace doesn't keep, such as links, is passed over.</summary>
internal static class OtlpSpans
{
    private const string ServiceName = "service.name";
    private const string ServiceVersion = "service.version";
    private const string HostName = "host.name";

    /// <summary>Their form; that they keep their bounds is the grain's to see.</summary>
    /// <exception cref="Grains.Fleet.FleetRefusedException">invalid: of another trace, or null where something must be.</exception>
    public static ImmutableArray<BootSpan> Of(OtlpTraces told, string bootId)
    {
        ImmutableArray<BootSpan>.Builder spans = ImmutableArray.CreateBuilder<BootSpan>();
        foreach (OtlpResourceSpans resource in Each(told.ResourceSpans, "resourceSpans"))
        {
            BootSpanSource source = SourceOf(resource.Resource);
            foreach (OtlpSpan span in Each(resource.ScopeSpans, "scopeSpans").SelectMany(scope => Each(scope.Spans, "spans")))
            {
                spans.Add(Of(span, source, bootId, $"spans[{spans.Count}]"));
            }
        }

        return spans.ToImmutable();
    }

    /// <summary>Boots in their order, and of each the spans of one source after the other.</summary>
    public static OtlpTraces From(params IEnumerable<(string BootId, ImmutableArray<BootSpan> Spans)> boots) => new(
    [
        .. from boot in boots
           from source in boot.Spans.GroupBy(span => span.Source)
           select new OtlpResourceSpans(
               ResourceOf(source.Key), [new OtlpScopeSpans([.. source.Select(span => From(span, boot.BootId))])]),
    ]);

    private static BootSpan Of(OtlpSpan span, BootSpanSource source, string bootId, string path) =>
        !string.Equals(span.TraceId, bootId, StringComparison.OrdinalIgnoreCase)
        ? throw FleetText.Invalid($"{path}.traceId", $"the boot's id, {bootId}", span.TraceId)
        : new BootSpan
        {
            SpanId = IdOf(span.SpanId) ?? "",
            ParentSpanId = IdOf(span.ParentSpanId),
            Name = span.Name ?? "",
            Kind = (BootSpanKind)span.Kind,
            Start = span.StartTimeUnixNano,
            End = span.EndTimeUnixNano,
            Attributes = Of(span.Attributes, $"{path}.attributes"),
            Events =
            [
                .. Each(span.Events, $"{path}.events").Select((told, i) => new BootSpanEvent
                {
                    Name = told.Name ?? "",
                    At = told.TimeUnixNano,
                    Attributes = Of(told.Attributes, $"{path}.events[{i}].attributes"),
                }),
            ],
            Status = (BootSpanStatus)(span.Status?.Code ?? 0),
            StatusMessage = span.Status?.Message is { Length: > 0 } message ? message : null,
            Source = source,
        };

    private static ImmutableArray<BootSpanAttribute> Of(OtlpAttribute?[]? attributes, string path) =>
    [
        .. Each(attributes, path).Select(attribute => new BootSpanAttribute
        {
            Key = attribute.Key ?? "",
            Text = attribute.Value?.StringValue,
            Whole = attribute.Value?.IntValue,
            Real = attribute.Value?.DoubleValue,
            Flag = attribute.Value?.BoolValue,
        }),
    ];

    private static BootSpanSource SourceOf(OtlpResource? resource)
    {
        ImmutableArray<BootSpanAttribute> attributes = Of(resource?.Attributes, "resource.attributes");
        return new BootSpanSource(Text(ServiceName) ?? "", Text(ServiceVersion), Text(HostName));

        string? Text(string key) => attributes.LastOrDefault(attribute => attribute.Key == key)?.Text;
    }

    private static OtlpSpan From(BootSpan span, string bootId) => new(
        bootId, span.SpanId, span.ParentSpanId ?? "", span.Name, (int)span.Kind, span.Start, span.End, From(span.Attributes),
        [.. span.Events.Select(told => new OtlpEvent(told.At, told.Name, From(told.Attributes)))],
        new OtlpStatus(span.StatusMessage, (int)span.Status));

    private static OtlpAttribute[] From(ImmutableArray<BootSpanAttribute> attributes) =>
    [
        .. attributes.Select(attribute => new OtlpAttribute(
            attribute.Key, new OtlpValue(attribute.Text, attribute.Whole, attribute.Real, attribute.Flag))),
    ];

    private static OtlpResource ResourceOf(BootSpanSource source) => new(
    [
        new OtlpAttribute(ServiceName, new OtlpValue(source.Service)),
        .. source.Version is null ? [] : (OtlpAttribute[])[new(ServiceVersion, new OtlpValue(source.Version))],
        .. source.Host is null ? [] : (OtlpAttribute[])[new(HostName, new OtlpValue(source.Host))],
    ]);

    private static string? IdOf(string? hex) => hex is { Length: > 0 } ? hex.ToLowerInvariant() : null;

    private static IEnumerable<T> Each<T>(T?[]? items, string path)
        where T : class =>
        (items ?? []).Select((item, i) => item ?? throw FleetText.Invalid($"{path}[{i}]", "an object", "null"));
}
