using System.Collections.Immutable;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Silo.Fleet.Access;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary><c>/v1/channels</c>. Bodies of publish, promote and rollback are the signed manifest itself, byte for byte.</summary>
internal static class ChannelEndpoints
{
    public static async Task<IResult> ListAsync(HttpContext context, IReleaseChannelIndex channels, string? limit, string? after)
    {
        FleetPage<ReleaseChannelView> page =
            await channels.ListAsync(FleetText.LimitOf(limit), FleetText.PlainOf("after", after), context.RequestAborted);
        return FleetResults.Ok(new ChannelList(page.Items, page.Next));
    }

    public static async Task<IResult> GetAsync(string channel, string arch, IGrainFactory grains) =>
        FleetResults.Ok(await Grain(grains, channel, arch).GetAsync()
            ?? throw FleetText.NotFound($"Nothing was ever published in {channel}/{arch}."));

    public static async Task<IResult> GetHistoryAsync(string channel, string arch, IGrainFactory grains, string? limit) =>
        FleetResults.Ok(new ReleaseList(await Grain(grains, channel, arch)
            .GetHistoryAsync(FleetText.LimitOf(limit, ReleaseChannelLimits.MaxHistory, ReleaseChannelLimits.MaxHistory))));

    public static async Task<IResult> AssignAsync(string channel, string arch, IGrainFactory grains, string? machine) =>
        FleetResults.Ok(await Grain(grains, channel, arch).AssignAsync(FleetText.PlainOf("machine", machine))
            ?? throw FleetText.NotFound($"{channel}/{arch} has no release for this machine."));

    public static async Task<IResult> GetManifestAsync(string digest, IGrainFactory grains) =>
        FleetResults.Json(await grains.GetGrain<IManifestGrain>(FleetText.DigestOf(digest)).GetAsync()
            ?? throw FleetText.NotFound($"No channel remembers a manifest {digest}."));

    public static Task<IResult> PublishAsync(HttpContext context, string channel, string arch, ReleasePublisher publisher,
        string? percent) =>
        PublishAsync(context, channel, arch, publisher, ReleaseOrigin.Published, null, percent);

    public static Task<IResult> PromoteAsync(HttpContext context, string channel, string arch, ReleasePublisher publisher, string? from,
        string? percent) =>
        PublishAsync(context, channel, arch, publisher, ReleaseOrigin.Promoted, from, percent);

    public static Task<IResult> RollBackAsync(HttpContext context, string channel, string arch, ReleasePublisher publisher,
        string? percent) =>
        PublishAsync(context, channel, arch, publisher, ReleaseOrigin.RolledBack, null, percent);

    public static async Task<IResult> SetRolloutAsync(HttpContext context, string channel, string arch, IGrainFactory grains)
    {
        RolloutCall call = context.Call().Read<RolloutCall>();
        return FleetResults.Ok(await Grain(grains, channel, arch).SetRolloutAsync(new RolloutChange
        {
            Percent = call.Percent,
            Paused = call.Paused,
            HaltFailureRate = call.HaltFailureRate,
            MinimumBoots = call.MinimumBoots,
            Actor = context.Call().Key,
        }));
    }

    /// <summary>Before the first release too, so that a channel can begin with keys of its own.</summary>
    public static async Task<IResult> SetTrustAsync(HttpContext context, string channel, string arch, IGrainFactory grains)
    {
        TrustCall call = context.Call().Read<TrustCall>();
        await Grain(grains, channel, arch).SetTrustAsync(new ReleaseChannelTrust(call.Keys, call.Threshold));
        return FleetResults.Ok(call);
    }

    private static async Task<IResult> PublishAsync(
        HttpContext context, string channel, string arch, ReleasePublisher publisher, ReleaseOrigin origin, string? from, string? percent)
    {
        SignedCall call = context.Call();
        ReleaseChannelKey key = FleetText.ChannelOf(channel, arch);
        long? share = FleetText.NumberOf("percent", percent);
        ReleaseView release = await publisher.PublishAsync(key, new ReleaseProposal
        {
            Manifest = call.Body,
            Origin = origin,
            PromotedFrom = FleetText.PlainOf("from", from),
            Percent = share is null ? null : share <= 100 ? (int)share : throw FleetText.Invalid("percent", "0 to 100", percent),
            Actor = call.Key,
        });
        return FleetResults.Created($"{FleetRoutes.Prefix}/manifests/{release.Manifest}", release);
    }

    private static IReleaseChannelGrain Grain(IGrainFactory grains, string channel, string arch) =>
        grains.GetGrain<IReleaseChannelGrain>(FleetText.ChannelOf(channel, arch).ToString());
}

internal sealed record ChannelList(ImmutableArray<ReleaseChannelView> Channels, string? Next);

internal sealed record ReleaseList(ImmutableArray<ReleaseView> Releases);

/// <summary>Null leaves it as it is.</summary>
internal sealed record RolloutCall(int? Percent = null, bool? Paused = null, double? HaltFailureRate = null, int? MinimumBoots = null);

/// <param name="Keys">Key ids; none: those configured on the silos.</param>
/// <param name="Threshold">How many must have signed.</param>
internal sealed record TrustCall(ImmutableArray<string> Keys, int Threshold = 1);
