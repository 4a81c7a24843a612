using System.Text.Json;
using PhaseMesh.Silo.Commands.Boots;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary><c>plasmd provider list --fleet URL</c>: all providers, as a silo knows them.</summary>
internal static class FleetProviderList
{
    public static async Task WriteAsync(FleetSession session, string? state, bool isJson, CommandContext context,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<JsonElement> providers = await session.ListAsync(
            $"/v1/providers?limit=1000{BootCommands.Query("state", state)}", "providers", 100_000, cancellationToken);
        if (isJson)
        {
            FleetSession.Print(context, providers);
            return;
        }

        if (providers.Count == 0)
        {
            context.Output.WriteLine("No providers.");
            return;
        }

        var table = new TableText("PROVIDER", "STATE", "ARCH", "NAME", "SITE", "REPLICAS", "IN FLIGHT", "WEIGHT", "SEEN", "URL");
        foreach (JsonElement provider in providers)
        {
            table.Add(
                provider.Text("peer_id"), provider.Is("awaits_approval") ? "awaits approval" : provider.Text("state"),
                provider.Text("arch"), provider.Text("name"),
                provider.Text("site") is { } site ? $"{site}/{provider.Text("rack") ?? "-"}" : null,
                $"{provider.Items("replicas").Count()}", (provider.Member("load") ?? default).Text("requests_in_flight"),
                provider.Text("weight"), provider.Ago("last_seen_at", context.Time),
                provider.Items("urls").Select(url => url.GetString()).FirstOrDefault());
        }

        table.WriteTo(context);
    }
}
