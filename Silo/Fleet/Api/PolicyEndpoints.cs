using System.Collections.Immutable;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Silo.Fleet.Access;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary><c>/v1/fleet</c>: who gets in, who operates.</summary>
internal static class PolicyEndpoints
{
    public static async Task<IResult> GetAsync(IGrainFactory grains, ClusterOptions options)
    {
        FleetView fleet = await Fleet(grains).GetAsync();
        return FleetResults.Ok(new FleetAnswer(fleet.Policy, fleet.Operators, [.. options.OperatorKeys.Select(key => key.KeyId)]));
    }

    public static async Task<IResult> SetPolicyAsync(HttpContext context, IGrainFactory grains, ClusterOptions options)
    {
        await Fleet(grains).SetPolicyAsync(context.Call().Read<PolicyCall>().Policy, context.Call().Key);
        return await GetAsync(grains, options);
    }

    public static async Task<IResult> AddOperatorAsync(HttpContext context, IGrainFactory grains, ClusterOptions options)
    {
        OperatorCall call = context.Call().Read<OperatorCall>();
        await Fleet(grains).AddOperatorAsync(call.Key, call.Name, context.Call().Key);
        return await GetAsync(grains, options);
    }

    public static async Task<IResult> RemoveOperatorAsync(HttpContext context, string key, IGrainFactory grains, ClusterOptions options)
    {
        await Fleet(grains).RemoveOperatorAsync(FleetText.ProviderOf(key), context.Call().Key);
        return await GetAsync(grains, options);
    }

    public static async Task<IResult> MintTokenAsync(HttpContext context, IGrainFactory grains)
    {
        TokenCall call = context.Call().Read<TokenCall>();
        string id = FleetSecret.NewTokenId();
        double seconds = call.LifetimeSeconds is >= 0 and <= int.MaxValue
            ? call.LifetimeSeconds
            : throw FleetText.Invalid("lifetime_seconds", "seconds from a minute to a year", $"{call.LifetimeSeconds}");
        string token = await grains.GetGrain<IJoinTokenGrain>(id).MintAsync(new JoinTokenTerms
        {
            Name = call.Name,
            Lifetime = TimeSpan.FromSeconds(seconds),
            MaxUses = call.MaxUses,
            Actor = context.Call().Key,
        });
        JoinTokenView view = await grains.GetGrain<IJoinTokenGrain>(id).GetAsync()
            ?? throw new InvalidOperationException($"Join token {id} was made and is not there.");
        return FleetResults.Created($"{FleetRoutes.Prefix}/fleet/tokens/{id}", new TokenMade(id, token, view.Expires, view.MaxUses));
    }

    public static async Task<IResult> ListTokensAsync(HttpContext context, IJoinTokenIndex tokens, string? limit, string? after)
    {
        FleetPage<JoinTokenView> page =
            await tokens.ListAsync(FleetText.LimitOf(limit), FleetText.PlainOf("after", after), context.RequestAborted);
        return FleetResults.Ok(new TokenList(page.Items, page.Next));
    }

    public static async Task<IResult> RevokeTokenAsync(HttpContext context, string id, IGrainFactory grains)
    {
        string token = id.Length == FleetSecret.TokenIdLength && id.All(char.IsAsciiHexDigitLower)
            ? id
            : throw FleetText.Invalid("token", $"{FleetSecret.TokenIdLength} lower-case hex digits", id);
        await grains.GetGrain<IJoinTokenGrain>(token).RevokeAsync(context.Call().Key);
        return FleetResults.None;
    }

    private static IFleetGrain Fleet(IGrainFactory grains) => grains.GetGrain<IFleetGrain>(IFleetGrain.Key);
}

/// <param name="ConfiguredOperators">Key ids from this silo's configuration.</param>
internal sealed record FleetAnswer(AdmissionPolicy Policy, ImmutableArray<OperatorView> Operators,
    ImmutableArray<string> ConfiguredOperators);

internal sealed record PolicyCall(AdmissionPolicy Policy);

internal sealed record OperatorCall(string Key, string Name = "");

/// <param name="LifetimeSeconds">A minute to a year; a day by default.</param>
/// <param name="MaxUses">1 to 1000 providers.</param>
internal sealed record TokenCall(string Name = "", double LifetimeSeconds = 86_400, int MaxUses = 1);

/// <param name="Token">The whole token, told only here.</param>
internal sealed record TokenMade(string Id, string Token, DateTimeOffset Expires, int MaxUses);

internal sealed record TokenList(ImmutableArray<JoinTokenView> Tokens, string? Next);
