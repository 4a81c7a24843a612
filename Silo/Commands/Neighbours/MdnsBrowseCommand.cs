using System.CommandLine;
using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Services;
using PhaseMesh.Silo.Commands.Progress;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Neighbours;

/// <summary><c>plasmd mdns browse</c>: what the providers on this machine's links announce.</summary>
internal static class MdnsBrowseCommand
{
    private const string Examples = """
        plasmd mdns browse
        # Where the manifests of one channel can be had
        plasmd mdns browse --timeout 1s --json | jq -r '.[] | select(.channel == "stable") | .urls[0]'
        """;

    private static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(3);

    public static Command Create(CommandContext context)
    {
        Option<string?> timeout = CommandOptions.Checked(
            new Option<string?>("--timeout") { HelpName = "TIME", Description = "How long to listen, such as 3s or 500ms. Default: 3s." },
            text => BrowseTimeText.TryParse(text, out _),
            BrowseTimeText.Rule);
        Option<bool> json = new("--json") { Description = "Print JSON (docs/cli.md)." };
        var command = new PlasmdCommand("browse", "List the releases that neighbours announce by mDNS.", Examples) { timeout, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TimeSpan time = parsed.GetValue(timeout) is { } text && BrowseTimeText.TryParse(text, out TimeSpan given) ? given : DefaultTime;
            IReadOnlyList<Neighbour> neighbours = await BrowseAsync(context, time, cancellationToken);
            if (parsed.GetValue(json))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(neighbours, NeighbourJson.Default.IReadOnlyListNeighbour));
            }
            else
            {
                Write(neighbours, time, context);
            }

            return neighbours.Count > 0 ? ExitCode.Ok : ExitCode.NotReachable;
        });
        return command;
    }

    /// <exception cref="CommandException">No interface is up, or port 5353 is not to be had.</exception>
    public static async Task<IReadOnlyList<Neighbour>> BrowseAsync(
        CommandContext context, TimeSpan time, CancellationToken cancellationToken, bool showsProgress = true)
    {
        await using MdnsNode node = Open(context);
        await using ServiceBrowser browser = node.Browse(PhaseImageService.ServiceType);
        await using (showsProgress ? ProgressLine.Wait(context, "Listening for neighbours", time) : null)
        {
            await Task.Delay(time, context.Time, cancellationToken);
        }

        List<Neighbour> neighbours = [];
        foreach (ServiceInstance instance in browser.Instances)
        {
            if (PhaseImageService.TryParse(instance.Text, out PhaseImageService? service, out string? problem))
            {
                neighbours.Add(Neighbour.Of(instance, service));
            }
            else
            {
                context.Error.WriteLine(SingleLine.Of($"plasmd: '{instance.InstanceName}' at {instance.HostName}: {problem}"));
            }
        }

        return neighbours.Count > 0 || node.Links.Count > 0
            ? [.. neighbours
                .OrderBy(item => item.Channel, StringComparer.Ordinal).ThenBy(item => item.Arch, StringComparer.Ordinal)
                .ThenBy(item => item.Instance, StringComparer.Ordinal).ThenBy(item => item.Link, StringComparer.Ordinal)]
            : throw new CommandException(
                ExitCode.NotReachable, "No network interface is up that supports multicast, so no neighbour can be heard; connect one ('ip link').");
    }

    private static MdnsNode Open(CommandContext context)
    {
        try
        {
            return MdnsNode.Start(network: context.Multicast?.Invoke(), time: context.Time);
        }
        catch (Exception e) when (e is SocketException or NetworkInformationException or PlatformNotSupportedException)
        {
            throw new CommandException(
                ExitCode.Failure,
                $"UDP port {MulticastEndpoints.Port} or multicast is not to be had: {SingleLine.Of(e.Message)}. "
                + "Does another program hold the port for itself?");
        }
    }

    private static void Write(IReadOnlyList<Neighbour> neighbours, TimeSpan time, CommandContext context)
    {
        if (neighbours.Count == 0)
        {
            string seconds = time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
            context.Output.WriteLine($"No neighbour announced a release within {seconds} s; a firewall may keep UDP port {MulticastEndpoints.Port} shut.");
            return;
        }

        var table = new TableText("INSTANCE", "CHANNEL", "ARCH", "RELEASE", "URL", "PEER");
        foreach (Neighbour neighbour in neighbours)
        {
            table.Add(
                neighbour.Instance, neighbour.Channel, neighbour.Arch, neighbour.Release?.ToString(CultureInfo.InvariantCulture), neighbour.Urls[0],
                neighbour.Peer);
        }

        table.WriteTo(context);
    }
}
