using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace PhaseMesh.Manifests.Traces;

/// <summary>
/// Reads what <see cref="TraceWriter"/> writes, within <see cref="TraceLimits"/>. It comes from outside, such as from the kernel before:
/// whatever breaks a rule makes the whole document none. Members that are not known are passed over.
/// </summary>
public static class TraceReader
{
    private const int MaxDepth = 16;
    private const int MaxSources = 8;
    private const int IdLength = 16;

    /// <summary>2200-01-01: no clock is that far off.</summary>
    private const long Latest = 7_258_118_400_000_000_000;

    /// <param name="traceId">The trace that every span must be of.</param>
    /// <param name="problem">Where, what was expected and what was found; empty when all is well.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> json, string traceId, [NotNullWhen(true)] out IReadOnlyList<TraceSpans>? sources, out string problem)
    {
        (sources, problem) = (null, string.Empty);
        try
        {
            if (json.Length > TraceLimits.MaxBytes)
            {
                throw Refuse("the trace", $"at most {TraceLimits.MaxBytes} bytes", $"{json.Length}");
            }

            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            int room = TraceLimits.MaxSpans;
            sources = List(
                document.RootElement, "resourceSpans", "", MaxSources, (each, path) => Source(each, path, traceId, ref room));
            return true;
        }
        catch (FormatException broken)
        {
            problem = broken.Message;
        }
        catch (JsonException)
        {
            problem = "the trace: expected JSON";
        }
        catch (InvalidOperationException)
        {
            problem = "the trace: expected UTF-8"; // A string that is none.
        }

        return false;
    }

    private delegate T Reading<T>(JsonElement json, string path);

    private static TraceSpans Source(JsonElement json, string path, string traceId, ref int room)
    {
        IReadOnlyList<TraceTag> attributes = Attributes(Member(json, "resource", path), $"{path}.resource");
        List<TraceSpan> spans = [];
        int left = room;
        foreach (IReadOnlyList<TraceSpan> some in List(json, "scopeSpans", path, MaxSources, (scope, scopePath) =>
            List(scope, "spans", scopePath, left, (span, spanPath) => Span(span, spanPath, traceId))))
        {
            spans.AddRange(some);
        }

        room -= spans.Count;
        return room >= 0
            ? new TraceSpans(new TraceSource(Said("service.name") ?? "unknown", Said("service.version") ?? "", Said("host.name")), spans)
            : throw Refuse(path, $"at most {TraceLimits.MaxSpans} spans in all", $"{TraceLimits.MaxSpans - room}");

        string? Said(string key) => attributes.FirstOrDefault(attribute => attribute.Key == key)?.Value as string;
    }

    private static TraceSpan Span(JsonElement json, string path, string traceId)
    {
        string trace = Text(json, "traceId", path, traceId.Length);
        if (trace != traceId)
        {
            throw Refuse($"{path}.traceId", traceId, Excerpt.Quote(trace));
        }

        return new TraceSpan
        {
            Id = Id(json, "spanId", path),
            Parent = Has(json, "parentSpanId") ? Id(json, "parentSpanId", path) : null,
            Name = Text(json, "name", path, TraceLimits.MaxNameLength),
            Start = Time(json, "startTimeUnixNano", path),
            End = Has(json, "endTimeUnixNano") ? Time(json, "endTimeUnixNano", path) : null,
            Attributes = Attributes(json, path),
            Events = Has(json, "events")
                ? List(json, "events", path, TraceLimits.MaxEvents, (told, eventPath) => new TraceEvent(
                    Text(told, "name", eventPath, TraceLimits.MaxNameLength),
                    Time(told, "timeUnixNano", eventPath),
                    Attributes(told, eventPath)))
                : [],
            Error = Has(json, "status") ? Error(Member(json, "status", path), $"{path}.status") : null,
        };
    }

    /// <summary>What is no error counts as not said: an agent says nothing else.</summary>
    private static string? Error(JsonElement status, string path)
    {
        const int Error = 2;
        return Has(status, "code") && Member(status, "code", path) is { ValueKind: JsonValueKind.Number } code
            && code.TryGetInt32(out int number) && number == Error
            ? Has(status, "message") ? Text(status, "message", path, TraceLimits.MaxMessageLength, least: 0) : string.Empty
            : null;
    }

    private static List<TraceTag> Attributes(JsonElement json, string path) => Has(json, "attributes")
        ? List(json, "attributes", path, TraceLimits.MaxAttributes, Attribute)
        : [];

    private static TraceTag Attribute(JsonElement json, string path)
    {
        string key = Text(json, "key", path, TraceLimits.MaxKeyLength);
        JsonElement value = Member(json, "value", path);
        string at = $"{path}.value";
        return Has(value, "stringValue") ? TraceTag.Of(key, Text(value, "stringValue", at, TraceLimits.MaxTextLength, least: 0))
            : Has(value, "intValue") && long.TryParse(
                Text(value, "intValue", at, 20), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                ? TraceTag.Of(key, number)
            : Has(value, "boolValue") && value.GetProperty("boolValue").ValueKind is JsonValueKind.True or JsonValueKind.False
                ? TraceTag.Of(key, value.GetProperty("boolValue").GetBoolean())
            : Has(value, "doubleValue") && value.GetProperty("doubleValue") is { ValueKind: JsonValueKind.Number } real
                && double.IsFinite(real.GetDouble())
                ? TraceTag.Of(key, real.GetDouble())
            : throw Refuse(at, "stringValue, intValue, boolValue or doubleValue", Excerpt.Quote(value.GetRawText()));
    }

    private static bool Has(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out _);

    private static JsonElement Member(JsonElement json, string name, string path) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value)
            ? value
            : throw Refuse(Below(path, name), "to be there", "nothing");

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static List<T> List<T>(JsonElement json, string name, string path, int most, Reading<T> read)
    {
        JsonElement list = Member(json, name, path);
        string at = Below(path, name);
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > most)
        {
            throw Refuse(at, $"a list of at most {most}",
                list.ValueKind == JsonValueKind.Array ? $"{list.GetArrayLength()}" : $"{list.ValueKind}");
        }

        List<T> all = [];
        foreach (JsonElement each in list.EnumerateArray())
        {
            all.Add(read(each, $"{at}[{all.Count}]"));
        }

        return all;
    }

    private static string Text(JsonElement json, string name, string path, int most, int least = 1)
    {
        JsonElement value = Member(json, name, path);
        string? text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return text is not null && text.Length >= least && text.Length <= most
            ? text
            : throw Refuse($"{path}.{name}", $"{least} to {most} characters", text is null ? $"{value.ValueKind}" : Excerpt.Quote(text));
    }

    private static string Id(JsonElement json, string name, string path)
    {
        string id = Text(json, name, path, IdLength);
        return id.Length == IdLength && id.All(char.IsAsciiHexDigitLower) && id.Any(digit => digit != '0')
            ? id
            : throw Refuse($"{path}.{name}", $"{IdLength} hex digits, not all 0", Excerpt.Quote(id));
    }

    private static DateTimeOffset Time(JsonElement json, string name, string path)
    {
        string text = Text(json, name, path, 20);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long nanoseconds) && nanoseconds <= Latest
            ? DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick)
            : throw Refuse($"{path}.{name}", "nanoseconds since 1970, up to 2200", Excerpt.Quote(text));
    }

    private static FormatException Refuse(string path, string expected, string found) => new($"{path}: expected {expected}, found {found}");
}
