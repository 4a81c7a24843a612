using System.Collections.Immutable;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>A boot begins.</summary>
/// <param name="BootId">32 lower-case hex digits, random.</param>
/// <param name="Mode">internet, local or private.</param>
/// <param name="MachineId">Stable over boots; decides which part of a staged rollout the machine is in.</param>
/// <param name="Trace">W3C traceparent.</param>
internal sealed record BootCall(string BootId, string Channel, string Arch, string Mode, string? MachineId = null, string? Trace = null);

/// <param name="Ticket">For the booted node to enrol with; null where that happened already.</param>
/// <param name="Current">What the machine shall boot; null where the channel has nothing for it.</param>
internal sealed record BootAnswer(string BootId, string? Ticket, DateTimeOffset TicketExpires, ReleaseAssignment? Current);

/// <summary>What happened; what isn't of the phase is left out.</summary>
/// <param name="Phase">discovered, manifest, fetching, verified, kexec, joined, failed.</param>
/// <param name="At">By the machine's clock.</param>
internal sealed record BootEventCall(
    BootPhase Phase, DateTimeOffset At, string? Manifest = null, long? Release = null, string? Version = null, long? BytesFetched = null,
    long? BytesTotal = null, long? BytesPerSecond = null, ImmutableArray<string>? From = null, string? Reason = null, string? Detail = null)
{
    public BootEvent ToEvent() => new()
    {
        Phase = Phase,
        At = At,
        Manifest = Manifest,
        Release = Release,
        Version = Version,
        BytesFetched = BytesFetched,
        BytesTotal = BytesTotal,
        BytesPerSecond = BytesPerSecond,
        From = From ?? [],
        Reason = Reason,
        Detail = Detail,
    };
}

/// <summary>What the fleet makes of a boot now.</summary>
internal sealed record BootStanding(string BootId, BootPhase Phase, BootOutcome Outcome);

/// <param name="Next">To be given as <c>after</c> for the next page; null: this was the last.</param>
internal sealed record BootList(ImmutableArray<BootSessionView> Boots, string? Next);
