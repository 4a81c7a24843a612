using PhaseMesh.Silo.Fleet.Access;
using PhaseMesh.Silo.Fleet.Traces;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>Which call is whose; docs/wire/fleet-api.md lists the same, which a test compares.</summary>
internal static class FleetRoutes
{
    public const string Prefix = "/v1";

    private const int ManifestBytes = 1 << 20;

    private static readonly FleetAccess Read = new(FleetRole.Reader);
    private static readonly FleetAccess Operate = new(FleetRole.Operator) { IsOnce = true };
    private static readonly FleetAccess Publish = Operate with { MaxBodyBytes = ManifestBytes };

    public static void MapFleet(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder api = routes.MapGroup(Prefix);
        MapBoots(api);
        MapProviders(api);
        MapChannels(api);

        api.MapGet("/artifacts", ArtifactEndpoints.ListAsync).With(Read, "List artifacts with their replicas counted")
            .Produces<ArtifactList>();
        api.MapGet("/artifacts/{digest}", ArtifactEndpoints.GetAsync).With(Read, "Show an artifact and who has it")
            .Produces<ArtifactAnswer>();
        api.MapGet("/cluster", ClusterEndpoints.GetAsync).With(Read, "List the silos").Produces<ClusterAnswer>();
        api.MapGet("/snapshot", SnapshotEndpoint.GetAsync).With(Read, "All a gateway must know; ETag and ?wait= follow it")
            .Produces<FleetSnapshot>();

        api.MapGet("/fleet", PolicyEndpoints.GetAsync).With(Read, "Show admission policy and operators").Produces<FleetAnswer>();
        api.MapPut("/fleet/policy", PolicyEndpoints.SetPolicyAsync).With(Operate, "Set the admission policy")
            .Takes<PolicyCall>().Produces<FleetAnswer>();
        api.MapPost("/fleet/operators", PolicyEndpoints.AddOperatorAsync).With(Operate, "Add an operator")
            .Takes<OperatorCall>().Produces<FleetAnswer>();
        api.MapDelete("/fleet/operators/{key}", PolicyEndpoints.RemoveOperatorAsync).With(Operate, "Remove an operator")
            .Produces<FleetAnswer>();
        api.MapPost("/fleet/tokens", PolicyEndpoints.MintTokenAsync).With(Operate, "Make a join token")
            .Takes<TokenCall>().Produces<TokenMade>(StatusCodes.Status201Created);
        api.MapGet("/fleet/tokens", PolicyEndpoints.ListTokensAsync).With(new FleetAccess(FleetRole.Operator), "List join tokens")
            .Produces<TokenList>();
        api.MapDelete("/fleet/tokens/{id}", PolicyEndpoints.RevokeTokenAsync).With(Operate, "Revoke a join token")
            .Produces(StatusCodes.Status204NoContent);

        routes.Map(Prefix + "/{**path}", NotThereAsync).ExcludeFromDescription();
        routes.MapOpenApi("/openapi/{documentName}.json");
    }

    private static void MapBoots(RouteGroupBuilder api)
    {
        FleetAccess ofBoot = new(FleetRole.AnyKey);
        api.MapPost("/boots", BootEndpoints.CreateAsync).With(ofBoot with { IsMetered = true }, "A boot begins")
            .Takes<BootCall>().Produces<BootAnswer>(StatusCodes.Status201Created);
        api.MapPost("/boots/{id}/events", BootEndpoints.RecordAsync).With(ofBoot, "What happened to a boot").Takes<BootEventCall[]>()
            .Produces<BootStanding>();
        api.MapPost("/boots/{id}/log", BootEndpoints.AppendLogAsync).With(ofBoot, "Text of a boot's console")
            .Accepts<string>(true, "text/plain", "*/*").Produces(StatusCodes.Status204NoContent);
        api.MapGet("/boots/{id}/log", BootEndpoints.GetLogAsync).With(Read, "Show what a boot's console said")
            .Produces<string>(contentType: "text/plain");
        api.MapPost("/boots/{id}/spans", BootSpanEndpoints.AppendAsync).With(ofBoot, "Spans of a boot's trace, as OTLP/JSON")
            .Takes<OtlpTraces>().Produces(StatusCodes.Status204NoContent);
        api.MapGet("/boots/{id}/spans", BootSpanEndpoints.GetAsync).With(Read, "Show a boot's trace, as OTLP/JSON")
            .Produces<OtlpTraces>();
        api.MapGet("/boots", BootEndpoints.ListAsync).With(Read, "List boots, newest first").Produces<BootList>();
        api.MapGet("/boots/counts", BootEndpoints.CountAsync).With(Read, "Count boots").Produces<Grains.BootSessions.BootCounts>();
        api.MapGet("/boots/stream", BootStream.FollowAsync).With(Read, "Follow boots by server-sent events")
            .Produces<string>(contentType: "text/event-stream");
        api.MapGet("/boots/{id}", BootEndpoints.GetAsync).With(Read, "Show a boot").Produces<Grains.BootSessions.BootSessionView>();
    }

    private static void MapProviders(RouteGroupBuilder api)
    {
        FleetAccess ofItself = new(FleetRole.ProviderItself);
        api.MapPost("/providers", ProviderEndpoints.EnrolAsync)
            .With(new FleetAccess(FleetRole.AnyKey) { IsOnce = true, IsMetered = true }, "Enrol")
            .Takes<EnrolCall>().Produces<EnrolAnswer>();
        api.MapPut("/providers/{key}/heartbeat", ProviderEndpoints.BeatAsync).With(ofItself, "Say that it is there")
            .Takes<HeartbeatCall>().Produces<EnrolAnswer>();
        api.MapPost("/providers/{key}/drain", ProviderEndpoints.DrainAsync)
            .With(new FleetAccess(FleetRole.ProviderItselfOrOperator) { IsOnce = true }, "Send no new clients there")
            .Produces<ProviderAnswer>();
        api.MapPost("/providers/{key}/approve", ProviderEndpoints.ApproveAsync).With(Operate, "Let a waiting provider in")
            .Produces<ProviderAnswer>();
        api.MapPost("/providers/{key}/quarantine", ProviderEndpoints.QuarantineAsync).With(Operate, "Take a provider out")
            .Takes<ReasonCall>().Produces<ProviderAnswer>();
        api.MapPost("/providers/{key}/release", ProviderEndpoints.ReleaseAsync).With(Operate, "End a quarantine or drain")
            .Produces<ProviderAnswer>();
        api.MapPut("/providers/{key}/weight", ProviderEndpoints.SetWeightAsync).With(Operate, "Give it more or fewer clients")
            .Takes<WeightCall>().Produces<ProviderAnswer>();
        api.MapPost("/providers/{key}/misbehaviour", ProviderEndpoints.AccuseAsync)
            .With(new FleetAccess(FleetRole.AnyKey) { IsOnce = true, IsMetered = true }, "Report a bad chunk")
            .Takes<MisbehaviourCall>().Produces<Grains.Providers.MisbehaviourVerdict>();
        api.MapGet("/providers", ProviderEndpoints.ListAsync).With(Read, "List providers").Produces<ProviderList>();
        api.MapGet("/providers/{key}", ProviderEndpoints.GetAsync).With(Read, "Show a provider").Produces<ProviderAnswer>();
    }

    private static void MapChannels(RouteGroupBuilder api)
    {
        api.MapGet("/channels", ChannelEndpoints.ListAsync).With(Read, "List release channels").Produces<ChannelList>();
        api.MapGet("/channels/{channel}/{arch}", ChannelEndpoints.GetAsync).With(Read, "Show a channel")
            .Produces<Grains.ReleaseChannels.ReleaseChannelView>();
        api.MapGet("/channels/{channel}/{arch}/history", ChannelEndpoints.GetHistoryAsync).With(Read, "Releases, newest first")
            .Produces<ReleaseList>();
        api.MapGet("/channels/{channel}/{arch}/assignment", ChannelEndpoints.AssignAsync).With(Read, "What a machine shall boot")
            .Produces<Grains.ReleaseChannels.ReleaseAssignment>();
        api.MapGet("/manifests/{digest}", ChannelEndpoints.GetManifestAsync).With(Read, "A signed manifest, byte for byte")
            .Produces<string>();
        api.MapPost("/channels/{channel}/{arch}/publish", ChannelEndpoints.PublishAsync).With(Publish, "Publish a signed manifest")
            .TakesManifest();
        api.MapPost("/channels/{channel}/{arch}/promote", ChannelEndpoints.PromoteAsync).With(Publish, "Publish what another channel has")
            .TakesManifest();
        api.MapPost("/channels/{channel}/{arch}/rollback", ChannelEndpoints.RollBackAsync).With(Publish, "Publish an earlier release again")
            .TakesManifest();
        api.MapPut("/channels/{channel}/{arch}/rollout", ChannelEndpoints.SetRolloutAsync).With(Operate, "Change the rollout")
            .Takes<RolloutCall>().Produces<Grains.ReleaseChannels.RolloutView>();
        api.MapPut("/channels/{channel}/{arch}/trust", ChannelEndpoints.SetTrustAsync).With(Operate, "Whose signatures count")
            .Takes<TrustCall>().Produces<Grains.ReleaseChannels.ReleaseChannelView>();
    }

    private static Task NotThereAsync(HttpContext context) =>
        FleetProblem.NotFound($"The API has no {context.Request.Method} {context.Request.Path}; /openapi/v1.json lists all of it.")
            .WriteAsync(context);

    private static RouteHandlerBuilder With(this RouteHandlerBuilder endpoint, FleetAccess access, string summary) =>
        endpoint.WithMetadata(access).WithSummary(summary).WithDescription(Describe(access))
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    /// <summary>Whatever type a caller gives it, or none: the bytes are signed, their type is not.</summary>
    private static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint)
        where T : notnull => endpoint.Accepts<T>(true, "application/json", "*/*");

    private static void TakesManifest(this RouteHandlerBuilder endpoint) =>
        endpoint.Accepts<object>(true, "application/json", "*/*")
            .Produces<Grains.ReleaseChannels.ReleaseView>(StatusCodes.Status201Created);

    private static string Describe(FleetAccess access) => access.Role switch
    {
        FleetRole.Reader => "Unsigned, unless the silo is configured with open_reads = false: then by operators and admitted providers.",
        FleetRole.AnyKey => "Signed by the caller's key.",
        FleetRole.ProviderItself => "Signed by the provider's key.",
        FleetRole.ProviderItselfOrOperator => "Signed by the provider's key or an operator's.",
        _ => "Signed by an operator's key.",
    };
}
