using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Dht;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary><c>plasmd provider list</c>: the releases that this node and all in reach announce, a row per provider and release.</summary>
internal static class ProviderListCommand
{
    private const string Examples = """
        plasmd provider list
        # Who has release 42 of any channel
        plasmd provider list --timeout 10s --json | jq -r '.[] | select(.release == 42) | .urls[0]'
        """;

    public static Command Create(CommandContext context)
    {
        DhtCommandOptions options = new(TimeSpan.FromSeconds(3), "How long to listen and look.");
        var command = new PlasmdCommand("list", "List the releases that this node, its neighbours and the DHT announce.", Examples);
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            AnnouncedReleases announced = new(context, options.Configuration(parsed, context), options.Time(parsed));
            IReadOnlyList<ListedRelease> releases = await announced.ListAsync(cancellationToken);
            if (options.WantsJson(parsed))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(releases, ListedReleaseJson.Default.IReadOnlyListListedRelease));
            }
            else
            {
                Write(releases, context);
            }

            return releases.Count > 0 ? ExitCode.Ok : ExitCode.NotReachable;
        });
        return command;
    }

    private static void Write(IReadOnlyList<ListedRelease> releases, CommandContext context)
    {
        if (releases.Count == 0)
        {
            context.Output.WriteLine("Nobody announces a release: no provider on this machine, on the LAN, or in the DHT.");
            return;
        }

        var table = new TableText("CHANNEL", "ARCH", "RELEASE", "SOURCE", "URL", "PEER");
        foreach (ListedRelease release in releases)
        {
            table.Add(
                release.Channel, release.Arch, release.Release?.ToString(CultureInfo.InvariantCulture), string.Join(',', release.Sources),
                release.Urls.Count > 0 ? release.Urls[0] : null, release.PeerId);
        }

        table.WriteTo(context);
    }
}
