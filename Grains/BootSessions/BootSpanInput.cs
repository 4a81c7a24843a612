using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>The bounds of the spans that a booting machine tells, enforced. Paths are those of OTLP/JSON, spans counted over the call.</summary>
internal static class BootSpanInput
{
    /// <summary>2200-01-01, as of a boot's events.</summary>
    private const long Latest = 7_258_118_400_000_000_000;

    private const int SpanIdLength = 16;

    internal static void Require(ImmutableArray<BootSpan> spans)
    {
        if (spans.IsDefaultOrEmpty || spans.Length > BootSpanLimits.MaxSpansPerCall)
        {
            throw Refuse.Invalid($"spans: expected 1 to {BootSpanLimits.MaxSpansPerCall}, found {(spans.IsDefault ? 0 : spans.Length)}.");
        }

        for (int i = 0; i < spans.Length; i++)
        {
            Require(spans[i], $"spans[{i}]");
        }
    }

    private static void Require(BootSpan span, string path)
    {
        RequireId(span.SpanId, $"{path}.spanId");
        if (span.ParentSpanId is { } parent)
        {
            RequireId(parent, $"{path}.parentSpanId");
        }

        RequireText(span.Name, 1, BootSpanLimits.MaxNameLength, $"{path}.name");
        RequireTime(span.Start, $"{path}.startTimeUnixNano");
        RequireTime(span.End, $"{path}.endTimeUnixNano");
        RequireOneOf(span.Kind, $"{path}.kind");
        RequireOneOf(span.Status, $"{path}.status.code");
        RequireText(span.StatusMessage ?? "", 0, BootSpanLimits.MaxMessageLength, $"{path}.status.message");
        Require(span.Attributes, $"{path}.attributes");
        RequireText(span.Source?.Service, 1, BootSpanLimits.MaxTextLength, $"the resource of {path}: service.name");
        RequireText(span.Source!.Version ?? "", 0, BootSpanLimits.MaxTextLength, $"the resource of {path}: service.version");
        RequireText(span.Source.Host ?? "", 0, BootSpanLimits.MaxTextLength, $"the resource of {path}: host.name");
        if (span.Events.IsDefault || span.Events.Length > BootSpanLimits.MaxEvents)
        {
            throw Refuse.Invalid($"{path}.events: expected at most {BootSpanLimits.MaxEvents}, found {Count(span.Events)}.");
        }

        for (int i = 0; i < span.Events.Length; i++)
        {
            RequireText(span.Events[i].Name, 1, BootSpanLimits.MaxNameLength, $"{path}.events[{i}].name");
            RequireTime(span.Events[i].At, $"{path}.events[{i}].timeUnixNano");
            Require(span.Events[i].Attributes, $"{path}.events[{i}].attributes");
        }
    }

    private static void Require(ImmutableArray<BootSpanAttribute> attributes, string path)
    {
        if (attributes.IsDefault || attributes.Length > BootSpanLimits.MaxAttributes)
        {
            throw Refuse.Invalid($"{path}: expected at most {BootSpanLimits.MaxAttributes}, found {Count(attributes)}.");
        }

        for (int i = 0; i < attributes.Length; i++)
        {
            BootSpanAttribute attribute = attributes[i];
            RequireText(attribute.Key, 1, BootSpanLimits.MaxKeyLength, $"{path}[{i}].key");
            RequireText(attribute.Text ?? "", 0, BootSpanLimits.MaxTextLength, $"{path}[{i}].value.stringValue");
            int values = (attribute.Text is null ? 0 : 1) + (attribute.Whole is null ? 0 : 1) + (attribute.Real is null ? 0 : 1)
                + (attribute.Flag is null ? 0 : 1);
            if (values != 1 || attribute.Real is { } real && !double.IsFinite(real))
            {
                throw Refuse.Invalid(
                    $"{path}[{i}].value: expected one of stringValue, intValue, boolValue and a finite doubleValue, found {values}.");
            }

            if (attributes.AsSpan(0, i).ContainsKey(attribute.Key))
            {
                throw Refuse.Invalid($"{path}[{i}].key: expected each key once, found {Refuse.Quote(attribute.Key)} again.");
            }
        }
    }

    private static bool ContainsKey(this ReadOnlySpan<BootSpanAttribute> attributes, string key)
    {
        foreach (BootSpanAttribute attribute in attributes)
        {
            if (attribute.Key == key)
            {
                return true;
            }
        }

        return false;
    }

    private static void RequireId(string? id, string path)
    {
        if (id is not { Length: SpanIdLength } || !id.All(char.IsAsciiHexDigitLower) || id.All(digit => digit == '0'))
        {
            throw Refuse.Invalid($"{path}: expected {SpanIdLength} hex digits, not all 0, found {Refuse.Quote(id)}.");
        }
    }

    private static void RequireTime(long time, string path)
    {
        if (time is < 0 or > Latest)
        {
            throw Refuse.Invalid($"{path}: expected nanoseconds since 1970, up to 2200, found {time}.");
        }
    }

    private static void RequireOneOf<T>(T value, string path)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw Refuse.Invalid($"{path}: expected 0 to {Enum.GetValues<T>().Length - 1}, found {value:D}.");
        }
    }

    /// <summary>NUL is the one character that PostgreSQL doesn't keep.</summary>
    private static void RequireText(string? text, int minLength, int maxLength, string path)
    {
        if (text is null || text.Length < minLength || text.Length > maxLength || text.Contains('\0', StringComparison.Ordinal))
        {
            throw Refuse.Invalid($"{path}: expected {minLength} to {maxLength} characters without NUL, found {text?.Length ?? 0}: "
                + $"{Refuse.Quote(text)}.");
        }
    }

    private static int Count<T>(ImmutableArray<T> items) => items.IsDefault ? 0 : items.Length;
}
