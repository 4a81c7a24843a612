using System.Text.Json;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Fleet.Client;

namespace PhaseMesh.Silo.Commands.Channels;

/// <summary>A manifest of this machine's making with another release's artifacts, for a channel and with the next number there.</summary>
internal static class RepeatedRelease
{
    /// <exception cref="CommandException">No key to sign with, or nothing to repeat.</exception>
    public static async Task<BootManifest> MakeAsync(
        FleetSession session, string target, string manifest, IReadOnlyList<string> keys, CommandContext context,
        CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            throw new CommandException(ExitCode.Usage, "Give the signed manifest as FILE, or a release key with --sign to make one here.");
        }

        BootManifest source = await FetchAsync(session, manifest, cancellationToken);
        if (!ChannelArguments.TryParse(target, out ReleaseChannelName channel, out MachineArch arch))
        {
            throw new ArgumentException($"'{target}' is no channel.");
        }

        using SigningKeys signers = SigningKeys.Load(keys, null, context);
        return new ManifestDraft
        {
            Version = source.Version,
            Channel = channel,
            Arch = arch,
            Release = await NextNumberAsync(session, target, source, cancellationToken),
            Created = context.Time.GetUtcNow(),
            Expires = source.Expires > context.Time.GetUtcNow() ? source.Expires : null,
            CommandLine = source.CommandLine,
            Artifacts = [.. source.Artifacts.Values],
        }.Build(signers.Keys);
    }

    private static async Task<long> NextNumberAsync(FleetSession session, string target, BootManifest source,
        CancellationToken cancellationToken)
    {
        FleetReply reply = await session.Client.SendAsync(
            HttpMethod.Get, $"{ChannelArguments.PathOf(target)}/history", default, cancellationToken);
        long highest = reply.IsGood
            ? reply.Json().Items("releases").Select(release => release.Number("release")).DefaultIfEmpty(0).Max()
            : 0;
        return Math.Max(highest + 1, source.Channel.ToString() == target.Split('/')[0] ? 1 : source.Release ?? 1);
    }

    /// <summary>The digest is checked; whose signature counts is the fleet's matter, and was when it was published.</summary>
    private static async Task<BootManifest> FetchAsync(FleetSession session, string digest, CancellationToken cancellationToken)
    {
        FleetReply reply = await session.Client.SendAsync(HttpMethod.Get, $"/v1/manifests/{Uri.EscapeDataString(digest)}", default,
            cancellationToken);
        return reply.IsGood && BootManifest.TryParse(reply.Body, out BootManifest? manifest, out _) && manifest.Digest.ToString() == digest
            ? manifest
            : throw new CommandException(ExitCode.FleetRefused,
                $"The fleet gives no manifest {SingleLine.Of(digest)}: {SingleLine.Of(reply.Detail)}");
    }
}
