using System.Globalization;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary>
/// Spans as a tree with bars. What has no parent among them stands at the left; a loop, which no honest machine sends, is shown once.
/// </summary>
internal sealed class TraceWaterfall
{
    private const int BarWidth = 40;
    private const int Error = 2;

    /// <summary>What is deeper stands at the left again.</summary>
    private const int MaxDepth = 32;

    private readonly List<(TraceRow Span, int Depth)> _rows = [];
    private readonly long _start;
    private readonly long _end;

    private TraceWaterfall(IReadOnlyList<TraceRow> spans)
    {
        _start = spans.Count == 0 ? 0 : spans.Min(span => span.Start);
        _end = spans.Count == 0 ? 0 : spans.Max(span => Math.Max(span.Start, span.End));
        HashSet<string> known = [.. spans.Select(span => span.Id)];
        HashSet<string> shown = [];
        ILookup<string, TraceRow> children = spans.ToLookup(span => span.ParentId);
        foreach (TraceRow span in spans.Where(span => !known.Contains(span.ParentId)).Concat(spans))
        {
            Show(span, 0);
        }

        void Show(TraceRow span, int depth)
        {
            if (shown.Add(span.Id))
            {
                _rows.Add((span, depth));
                foreach (TraceRow child in depth < MaxDepth ? children[span.Id] : [])
                {
                    Show(child, depth + 1);
                }
            }
        }
    }

    public static TraceWaterfall Of(JsonElement trace) => new(
    [
        .. (from resource in trace.Items("resourceSpans")
            let service = resource.Member("resource") is { } found ? ServiceOf(found) : null
            from scope in resource.Items("scopeSpans")
            from span in scope.Items("spans")
            select TraceRow.Of(span, service ?? "-")).OrderBy(span => span.Start),
    ]);

    public void WriteTo(CommandContext context)
    {
        if (_rows.Count == 0)
        {
            context.Output.WriteLine("The fleet has no spans of this boot.");
            return;
        }

        var table = new TableText("SPAN", "SERVICE", "AT", "TOOK", Scale(), "");
        foreach ((TraceRow span, int depth) in _rows)
        {
            table.Add(
                new string(' ', 2 * depth) + span.Name, span.Service, Seconds(span.Start - _start),
                Seconds(Math.Max(0, span.End - span.Start)),
                Bar(span), span.Status == Error ? $"failed: {span.Message}" : "");
        }

        table.WriteTo(context);
    }

    private static string? ServiceOf(JsonElement resource) => resource.Items("attributes")
        .FirstOrDefault(attribute => attribute.Text("key") == "service.name").Member("value")?.Text("stringValue");

    private static string Seconds(long nanoseconds) =>
        (nanoseconds / 1e9).ToString(nanoseconds < 10_000_000_000 ? "0.000 s" : "0.0 s", CultureInfo.InvariantCulture);

    /// <summary>The bars' heading: how long all of them are together.</summary>
    private string Scale()
    {
        string whole = Seconds(_end - _start);
        return "0" + whole.PadLeft(BarWidth - 1, '.');
    }

    private string Bar(TraceRow span)
    {
        int from = Math.Min(Column(span.Start), BarWidth - 1); // The last one has room for a mark.
        int to = Math.Max(from + 1, Column(Math.Max(span.Start, span.End)));
        return new string('.', from) + new string(span.Status == Error ? '!' : '#', to - from) + new string('.', BarWidth - to);
    }

    private int Column(long time) => _end == _start ? 0 : (int)((double)(time - _start) / (_end - _start) * BarWidth);

    private sealed record TraceRow(
        string Id, string ParentId, string Name, string Service, long Start, long End, long Status, string Message)
    {
        public static TraceRow Of(JsonElement span, string service) => new(
            span.Text("spanId") ?? "", span.Text("parentSpanId") ?? "", span.Text("name") ?? "", service,
            Time(span, "startTimeUnixNano"), Time(span, "endTimeUnixNano"), span.Member("status")?.Number("code") ?? 0,
            span.Member("status")?.Text("message") ?? "");

        private static long Time(JsonElement span, string name) =>
            long.TryParse(span.Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out long time) ? time : 0;
    }
}
