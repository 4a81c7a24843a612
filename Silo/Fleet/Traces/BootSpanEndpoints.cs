using System.Collections.Immutable;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Silo.Fleet.Access;
using PhaseMesh.Silo.Fleet.Api;

namespace PhaseMesh.Silo.Fleet.Traces;

/// <summary><c>/v1/boots/{id}/spans</c>.</summary>
internal static class BootSpanEndpoints
{
    public static async Task<IResult> AppendAsync(HttpContext context, string id, IGrainFactory grains, BootSpanRelay relay)
    {
        SignedCall call = context.Call();
        string boot = FleetText.BootIdOf(id);
        ImmutableArray<BootSpan> spans = OtlpSpans.Of(call.Read<OtlpTraces>(), boot);
        BootOutcome outcome = await grains.GetGrain<IBootSessionGrain>(boot).AppendSpansAsync(call.Key, spans);
        relay.Offer(boot, spans, call.Body.Length, outcome);
        return FleetResults.None;
    }

    public static async Task<IResult> GetAsync(string id, IGrainFactory grains)
    {
        string boot = FleetText.BootIdOf(id);
        ImmutableArray<BootSpan> spans = await grains.GetGrain<IBootSessionGrain>(boot).GetSpansAsync();
        return TypedResults.Json(OtlpSpans.From((boot, spans)), OtlpTraces.Options);
    }
}
