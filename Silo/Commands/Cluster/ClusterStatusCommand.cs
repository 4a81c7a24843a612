using System.CommandLine;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Providers;

namespace PhaseMesh.Silo.Commands.Cluster;

/// <summary><c>plasmd cluster status</c>: the silos, by the database's clock.</summary>
internal static class ClusterStatusCommand
{
    public static Command Create(CommandContext context)
    {
        FleetCommandOptions options = new();
        var command = new PlasmdCommand("status", "List the silos of the cluster.", """
            plasmd cluster status --fleet http://silo1:8080 --fleet http://silo2:8080
            # Keep looking
            plasmd cluster status --watch
            """);
        options.AddTo(command, canWatch: true);
        command.SetAction((parsed, cancellationToken) => options.ShowAsync(parsed, context, async session =>
        {
            JsonElement cluster = await session.GetAsync("/v1/cluster", cancellationToken);
            if (options.WantsJson(parsed))
            {
                FleetSession.Print(context, cluster);
                return;
            }

            var table = new TableText("SILO", "STATUS", "ADDRESS", "VERSION", "UP", "SEEN");
            foreach (JsonElement silo in cluster.Items("silos"))
            {
                table.Add(
                    silo.Text("name"), silo.Text("status"), silo.Text("address") is { Length: > 0 } address ? address : null,
                    silo.Text("version"), silo.Ago("started_at", context.Time), silo.Ago("last_seen_at", context.Time));
            }

            table.WriteTo(context);
        }, cancellationToken));
        return command;
    }
}
