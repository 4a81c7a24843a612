using System.Buffers;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>The bounds of what a booting machine says, enforced.</summary>
internal static class BootInput
{
    private static readonly SearchValues<char> MachineIdLetters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-");

    private static readonly SearchValues<char> ReasonLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");
    private static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal static (BootCreation Creation, ReleaseChannelKey Channel) Require(string bootId, BootCreation creation)
    {
        Refuse.UnlessProvider(creation.Owner);
        Refuse.UnlessText(creation.Trace, BootLimits.MaxTraceLength, "trace");
        Refuse.UnlessText(creation.SourceAddress, BootLimits.MaxSourceLength, "source address");
        string? fault = !BootId.IsValid(bootId) ? $"boot_id: expected {BootId.Expected}, found {Refuse.Quote(bootId)}."
            : creation.Nonce is not { Length: > 0 and <= 64 } ? $"nonce: expected 1 to 64 characters, found {Refuse.Quote(creation.Nonce)}."
            : !ReleaseChannelName.TryParse(creation.Channel, out _)
                ? $"channel: expected {ReleaseChannelName.Expected}, found {Refuse.Quote(creation.Channel)}."
            : !MachineArch.TryParse(creation.Arch, out _) ? $"arch: expected {MachineArch.Expected}, found {Refuse.Quote(creation.Arch)}."
            : creation.Mode is not ("internet" or "local" or "private")
                ? $"mode: expected internet, local or private, found {Refuse.Quote(creation.Mode)}."
            : creation.MachineId is { } machine && (machine.Length is 0 or > BootLimits.MaxMachineIdLength
                || machine.AsSpan().ContainsAnyExcept(MachineIdLetters))
                ? $"machine_id: expected 1 to {BootLimits.MaxMachineIdLength} letters, digits, '.', '_', ':' or '-', found "
                    + $"{Refuse.Quote(machine)}."
            : null;
        if (fault is not null)
        {
            throw Refuse.Invalid(fault);
        }

        ReleaseChannelKey channel = new(ReleaseChannelName.Parse(creation.Channel), MachineArch.Parse(creation.Arch));
        return (creation with { Arch = channel.Arch.ToString() }, channel);
    }

    internal static void Require(ImmutableArray<BootEvent> events)
    {
        if (events.IsDefaultOrEmpty || events.Length > BootLimits.MaxEventsPerCall)
        {
            throw Refuse.Invalid($"events: expected 1 to {BootLimits.MaxEventsPerCall}, found {(events.IsDefault ? 0 : events.Length)}.");
        }

        foreach (BootEvent told in events)
        {
            if (FaultIn(told) is { } fault)
            {
                throw Refuse.Invalid(fault);
            }

            Refuse.UnlessText(told.Version, 128, "version");
            if (told.Detail?.Length > BootLimits.MaxDetailLength)
            {
                throw Refuse.Invalid($"detail: expected at most {BootLimits.MaxDetailLength} characters, found {told.Detail.Length}.");
            }
        }
    }

    private static string? FaultIn(BootEvent told) =>
        told is null || !Enum.IsDefined(told.Phase) || told.Phase == BootPhase.Created
            ? "phase: expected discovered, manifest, fetching, verified, kexec, joined or failed."
        : told.At < Earliest || told.At > Latest ? $"at: expected a time from {Earliest:u} to {Latest:u}, found {told.At:u}."
        : told.Manifest is { } manifest && !Sha256Digest.TryParse(manifest, out _)
            ? $"manifest: expected {Sha256Digest.Expected}, found {Refuse.Quote(manifest)}."
        : told.Release < 0 || told.BytesFetched < 0 || told.BytesTotal < 0 || told.BytesPerSecond < 0
            ? "release, bytes_fetched, bytes_total, bytes_per_second: expected no negative numbers."
        : told.From.IsDefault || told.From.Length > BootLimits.MaxSources
            || told.From.Any(source => source is not { Length: > 0 and <= BootLimits.MaxSourceLength } || source.Any(char.IsControl))
            ? $"from: expected at most {BootLimits.MaxSources} of 1 to {BootLimits.MaxSourceLength} characters."
        : told.Reason is { } reason && (reason.Length is 0 or > BootLimits.MaxReasonLength
            || reason.AsSpan().ContainsAnyExcept(ReasonLetters))
            ? $"reason: expected 1 to {BootLimits.MaxReasonLength} of a-z, 0-9, '_' and '-', found {Refuse.Quote(reason)}."
        : null;
}
