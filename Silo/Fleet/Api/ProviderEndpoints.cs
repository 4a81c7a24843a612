using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Fleet.Access;
using GrainOptions = PhaseMesh.Grains.Fleet.FleetOptions;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary><c>/v1/providers</c>.</summary>
internal static class ProviderEndpoints
{
    public static async Task<IResult> EnrolAsync(HttpContext context, FleetAdmission admission, GrainOptions options)
    {
        SignedCall call = context.Call();
        EnrolCall enrol = call.Read<EnrolCall>();
        if (enrol.Key != call.Key)
        {
            throw new FleetRefusedException(RefusalKind.Forbidden, FleetRefusals.NotAllowed,
                $"The call enrols {FleetText.PlainOf("key", enrol.Key)} and is signed by {call.Key}; a node enrols itself.");
        }

        ProviderEnrolment enrolment = new()
        {
            Addresses = enrol.Addresses ?? [],
            Urls = enrol.Urls ?? [],
            Arch = enrol.Arch,
            Capabilities = enrol.Capabilities ?? [],
            Replicas = enrol.Replicas ?? [],
            Name = enrol.Name,
            SignedAt = call.SignedAt,
        };
        ProviderView view = await admission.EnrolAsync(call.Key, enrolment, enrol.Ticket, enrol.Token);
        return FleetResults.Ok(new EnrolAnswer(view.State, (int)options.HeartbeatPeriod.TotalSeconds));
    }

    public static async Task<IResult> BeatAsync(HttpContext context, string key, IGrainFactory grains)
    {
        SignedCall call = context.Call();
        HeartbeatCall beat = call.Read<HeartbeatCall>();
        LoadCall load = beat.Load ?? new LoadCall();
        HeartbeatAnswer answer = await Grain(grains, key).BeatAsync(new ProviderHeartbeat
        {
            Load = new ProviderLoad(load.RequestsInFlight, load.BytesPerSecond, load.CapacityBytesPerSecond),
            Health = beat.Health,
            Replicas = beat.Replicas,
            SignedAt = call.SignedAt,
        });
        return FleetResults.Ok(new EnrolAnswer(answer.State, answer.HeartbeatSeconds));
    }

    public static async Task<IResult> DrainAsync(HttpContext context, string key, IGrainFactory grains) =>
        Answer(await Grain(grains, key).DrainAsync(context.Call().Key));

    public static async Task<IResult> ApproveAsync(HttpContext context, string key, IGrainFactory grains) =>
        Answer(await Grain(grains, key).ApproveAsync(context.Call().Key));

    public static async Task<IResult> QuarantineAsync(HttpContext context, string key, IGrainFactory grains) =>
        Answer(await Grain(grains, key).QuarantineAsync(context.Call().Key, context.Call().Read<ReasonCall>().Reason));

    public static async Task<IResult> ReleaseAsync(HttpContext context, string key, IGrainFactory grains) =>
        Answer(await Grain(grains, key).ReleaseAsync(context.Call().Key));

    public static async Task<IResult> SetWeightAsync(HttpContext context, string key, IGrainFactory grains) =>
        Answer(await Grain(grains, key).SetWeightAsync(context.Call().Read<WeightCall>().Weight, context.Call().Key));

    /// <summary>
    /// An operator's word counts as seen by the fleet itself. Where there is only a word, such as a gateway's, the silo looks for itself:
    /// what it then gets is proof, whoever told. Seeing nothing wrong, it keeps the word of a provider of the fleet and no other.
    /// </summary>
    public static async Task<IResult> AccuseAsync(HttpContext context, string key, IGrainFactory grains, ChunkCheck check)
    {
        SignedCall call = context.Call();
        MisbehaviourCall told = call.Read<MisbehaviourCall>();
        bool isWordOnly = told.Receipt is null && !call.IsOperator;
        Sha256Digest? seen = isWordOnly ? await check.FindWrongAsync(FleetText.ProviderOf(key), told, context.RequestAborted) : null;
        if (isWordOnly && seen is null && await Grain(grains, call.Key).GetAsync() is null)
        {
            throw new FleetRefusedException(RefusalKind.Forbidden, FleetRefusals.NotAllowed,
                $"{call.Key} is no provider of this fleet, and this silo saw nothing wrong: without the accused one's receipt its word counts "
                    + "nothing.");
        }

        return FleetResults.Ok(await Grain(grains, key).ReportMisbehaviourAsync(new MisbehaviourReport
        {
            Witness = told.Receipt is not null ? MisbehaviourWitness.Receipt
                : call.IsOperator || seen is not null ? MisbehaviourWitness.Silo
                : MisbehaviourWitness.Node,
            Reporter = call.Key,
            Manifest = told.Manifest,
            Artifact = told.Artifact,
            Chunk = told.Chunk,
            ActualDigest = seen?.ToString() ?? told.Actual,
            ReceiptSignature = told.Receipt?.Signature ?? [],
            ReceiptTime = told.Receipt?.Time ?? default,
        }));
    }

    public static async Task<IResult> GetAsync(string key, IGrainFactory grains) =>
        Answer(await Grain(grains, key).GetAsync() ?? throw FleetText.NotFound($"No provider {key} is enrolled."));

    public static async Task<IResult> ListAsync(
        HttpContext context, IProviderIndex providers, string? state, string? arch, string? awaits_approval, string? limit, string? after)
    {
        ProviderQuery query = new()
        {
            State = FleetText.NameOf<ProviderState>("state", state),
            Arch = FleetText.ArchOf(arch),
            AwaitsApproval = awaits_approval is null ? null : FleetText.FlagOf("awaits_approval", awaits_approval),
        };
        FleetPage<ProviderView> page = await providers.ListAsync(
            query, FleetText.LimitOf(limit), FleetText.PlainOf("after", after), context.RequestAborted);
        return FleetResults.Ok(new ProviderList([.. page.Items.Select(ProviderAnswer.Of)], page.Next));
    }

    private static IProviderGrain Grain(IGrainFactory grains, string key) => grains.GetGrain<IProviderGrain>(FleetText.ProviderOf(key));

    private static IResult Answer(ProviderView view) => FleetResults.Ok(ProviderAnswer.Of(view));
}
