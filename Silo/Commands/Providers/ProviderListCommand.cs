using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Dht;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary><c>plasmd provider list</c>: the releases that this node and all in reach announce, a row per provider and release.</summary>
internal static class ProviderListCommand
{
    private const string Examples = """
        plasmd provider list
        # All providers of a fleet, whatever this machine can reach
        plasmd provider list --fleet http://silo1:8080
        # Who has release 42 of any channel
        plasmd provider list --timeout 10s --json | jq -r '.[] | select(.release == 42) | .urls[0]'
        """;

    public static Command Create(CommandContext context)
    {
        DhtCommandOptions options = new(TimeSpan.FromSeconds(3), "How long to listen and look.");
        var command = new PlasmdCommand("list", "List the releases that this node, its neighbours and the DHT announce.", Examples);
        options.AddTo(command);
        FleetCommandOptions fleet = new();
        fleet.AddKeyAndWatchTo(command);
        var state = new Option<string?>("--state") { HelpName = "STATE", Description = "With --fleet: in this state only." };
        state.AcceptOnlyFromAmong("joining", "serving", "draining", "suspect", "gone", "quarantined");
        command.Add(state);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(fleet.Fleet) is { Length: > 0 })
            {
                return await fleet.ShowAsync(
                    parsed, context,
                    session => FleetProviderList.WriteAsync(session, parsed.GetValue(state), options.WantsJson(parsed), context, cancellationToken),
                    cancellationToken);
            }

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
