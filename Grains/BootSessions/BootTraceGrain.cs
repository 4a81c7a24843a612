using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>The spans of a boot, oldest start first.</summary>
[GenerateSerializer]
internal sealed class BootTraceGrainState
{
    [Id(0)]
    public ImmutableArray<BootSpan> Spans { get; set; } = [];
}

/// <summary>See <see cref="IBootTraceGrain"/>.</summary>
internal sealed class BootTraceGrain([PersistentState("trace")] IPersistentState<BootTraceGrainState> trace) : Grain, IBootTraceGrain
{
    public async Task AppendAsync(ImmutableArray<BootSpan> spans)
    {
        Dictionary<string, BootSpan> known = trace.State.Spans.ToDictionary(span => span.SpanId, StringComparer.Ordinal);
        foreach (BootSpan span in spans)
        {
            known[span.SpanId] = span;
        }

        int bytes = known.Values.Sum(span => span.SizeBytes);
        if (known.Count > BootSpanLimits.KeptSpans || bytes > BootSpanLimits.KeptBytes)
        {
            throw Refuse.Invalid(
                $"spans: expected at most {BootSpanLimits.KeptSpans} and {BootSpanLimits.KeptBytes} bytes of a boot, found "
                    + $"{known.Count} and {bytes} with those of before; none of this call is kept.");
        }

        trace.State.Spans = [.. known.Values.OrderBy(span => span.Start).ThenBy(span => span.SpanId, StringComparer.Ordinal)];
        await trace.WriteStateAsync();
    }

    public Task<ImmutableArray<BootSpan>> GetAsync() => Task.FromResult(trace.State.Spans);

    public async Task ForgetAsync()
    {
        if (trace.RecordExists)
        {
            await trace.ClearStateAsync();
        }
    }
}
