using System.Text;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Silo.Fleet.Access;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary><c>/v1/boots</c>.</summary>
internal static class BootEndpoints
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static async Task<IResult> CreateAsync(HttpContext context, IGrainFactory grains)
    {
        SignedCall call = context.Call();
        BootCall boot = call.Read<BootCall>();
        BootCreated created = await grains.GetGrain<IBootSessionGrain>(FleetText.BootIdOf(boot.BootId)).CreateAsync(new BootCreation
        {
            Owner = call.Key,
            Nonce = call.Nonce,
            MachineId = boot.MachineId,
            Channel = boot.Channel,
            Arch = boot.Arch,
            Mode = boot.Mode,
            Trace = boot.Trace,
            SourceAddress = context.Connection.RemoteIpAddress?.ToString(),
        });
        return FleetResults.Created(
            $"{FleetRoutes.Prefix}/boots/{boot.BootId}",
            new BootAnswer(boot.BootId, created.Ticket, created.TicketExpires, created.Current));
    }

    public static async Task<IResult> RecordAsync(HttpContext context, string id, IGrainFactory grains)
    {
        SignedCall call = context.Call();
        BootEventCall?[] told = call.Read<BootEventCall?[]>();
        BootSessionView boot = await grains.GetGrain<IBootSessionGrain>(FleetText.BootIdOf(id))
            .RecordAsync(call.Key,
                [.. told.Select(one => one?.ToEvent() ?? throw FleetText.Invalid("events", "no null among them", "null"))]);
        return FleetResults.Ok(new BootStanding(boot.BootId, boot.Phase, boot.Outcome));
    }

    public static async Task<IResult> AppendLogAsync(HttpContext context, string id, IGrainFactory grains)
    {
        SignedCall call = context.Call();
        string text;
        try
        {
            text = StrictUtf8.GetString(call.Body.Span);
        }
        catch (DecoderFallbackException)
        {
            throw FleetText.Invalid("log", "UTF-8", "other bytes");
        }

        await grains.GetGrain<IBootSessionGrain>(FleetText.BootIdOf(id)).AppendLogAsync(call.Key, text);
        return FleetResults.None;
    }

    public static async Task<IResult> GetLogAsync(string id, IGrainFactory grains) =>
        FleetResults.Text(await grains.GetGrain<IBootSessionGrain>(FleetText.BootIdOf(id)).GetLogAsync());

    public static async Task<IResult> GetAsync(string id, IGrainFactory grains) =>
        FleetResults.Ok(await grains.GetGrain<IBootSessionGrain>(FleetText.BootIdOf(id)).GetAsync()
            ?? throw FleetText.NotFound($"There is no boot {id}, or it was forgotten."));

    public static async Task<IResult> ListAsync(
        HttpContext context, IBootSessionIndex boots, string? state, string? channel, string? arch, string? provider, string? source,
        string? machine, string? release, string? since, string? limit, string? after)
    {
        FleetPage<BootSessionView> page = await boots.ListAsync(
            QueryOf(state, channel, arch, provider, source, machine, release, since), FleetText.LimitOf(limit),
            FleetText.PlainOf("after", after), context.RequestAborted);
        return FleetResults.Ok(new BootList(page.Items, page.Next));
    }

    public static async Task<IResult> CountAsync(
        HttpContext context, IBootSessionIndex boots, string? state, string? channel, string? arch, string? provider, string? source,
        string? machine, string? release, string? since) =>
        FleetResults.Ok(await boots.CountAsync(QueryOf(state, channel, arch, provider, source, machine, release, since),
            context.RequestAborted));

    /// <param name="state">An outcome, a phase, or stuck.</param>
    private static BootSessionQuery QueryOf(
        string? state, string? channel, string? arch, string? provider, string? source, string? machine, string? release, string? since)
    {
        bool isOutcome = Enum.GetNames<BootOutcome>().Contains(state, StringComparer.OrdinalIgnoreCase);
        return new BootSessionQuery
        {
            Outcome = isOutcome ? FleetText.NameOf<BootOutcome>("state", state) : state == "stuck" ? BootOutcome.Running : null,
            IsStuck = state == "stuck" ? true : null,
            Phase = isOutcome || state == "stuck" ? null : FleetText.NameOf<BootPhase>("state", state),
            Channel = FleetText.PlainOf("channel", channel),
            Arch = FleetText.ArchOf(arch),
            Provider = FleetText.PlainOf("provider", provider),
            Source = FleetText.PlainOf("source", source),
            MachineId = FleetText.PlainOf("machine", machine),
            Release = FleetText.NumberOf("release", release),
            Since = FleetText.TimeOf("since", since),
        };
    }
}
