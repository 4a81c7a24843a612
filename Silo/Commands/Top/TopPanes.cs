using System.Globalization;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Channels;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Progress;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>The rows of each pane, in the order that an operator wants: what is wrong first.</summary>
internal static class TopPanes
{
    private const int BarWidth = 10;

    private static readonly TopTable Boots = new(
        new TopColumn("BOOT", 8, 0), new TopColumn("STATE", 24, 1), new TopColumn("PROGRESS", BarWidth, 3), new TopColumn("FETCHED", 21, 5),
        new TopColumn("RATE", 11, 4, IsNumber: true), new TopColumn("AGE", 11, 2), new TopColumn("CHANNEL", 16, 6),
        new TopColumn("MACHINE", 16, 7));

    private static readonly TopTable Providers = new(
        new TopColumn("PROVIDER", 22, 0), new TopColumn("STATE", 15, 1), new TopColumn("IN FLIGHT", 9, 2, IsNumber: true),
        new TopColumn("SENDS", 11, 3, IsNumber: true), new TopColumn("LOAD", BarWidth, 5), new TopColumn("REPLICAS", 8, 6, IsNumber: true),
        new TopColumn("WEIGHT", 6, 7, IsNumber: true), new TopColumn("SEEN", 11, 4), new TopColumn("WHY", 16, 8));

    private static readonly TopTable Channels = new(
        new TopColumn("CHANNEL", 20, 0), new TopColumn("RELEASE", 7, 1, IsNumber: true), new TopColumn("ROLLOUT", 34, 2),
        new TopColumn("OTHERS GET", 10, 4, IsNumber: true), new TopColumn("PUBLISHED", 11, 3), new TopColumn("VERSION", 16, 5));

    private static readonly TopTable Silos = new(
        new TopColumn("NAME", 22, 0), new TopColumn("STATE", 12, 1), new TopColumn("UP", 11, 2), new TopColumn("SEEN", 8, 3),
        new TopColumn("ADDRESS", 24, 4), new TopColumn("NOTE", 30, 5));

    public static TopTable TableOf(TopPane pane) => pane switch
    {
        TopPane.Providers => Providers,
        TopPane.Channels => Channels,
        TopPane.Silos => Silos,
        _ => Boots,
    };

    public static List<TopRow> RowsOf(TopModel model, TopView view, DateTimeOffset now)
    {
        IEnumerable<TopRow> rows = view.Pane switch
        {
            TopPane.Providers => ProviderRows(model, now),
            TopPane.Channels => ChannelRows(model, now),
            TopPane.Silos => SiloRows(model, now).Concat(GatewayRows(model)),
            _ => BootRows(model, now),
        };
        return [.. rows.Where(row => view.Filter.Length == 0
            || row.Key.Contains(view.Filter, StringComparison.OrdinalIgnoreCase)
            || row.Cells.Any(cell => cell.Contains(view.Filter, StringComparison.OrdinalIgnoreCase)))];
    }

    /// <summary>Stuck ones, then failed and lost ones, the newest first, then the others, the slowest first.</summary>
    private static IEnumerable<TopRow> BootRows(TopModel model, DateTimeOffset now) => model.Boots
        .OrderBy(boot => boot.IsStuck ? 0 : boot.IsBad ? 1 : 2)
        .ThenByDescending(boot => boot.IsBad ? boot.UpdatedAt : DateTimeOffset.MinValue)
        .ThenBy(boot => boot.CreatedAt).ThenBy(boot => boot.Id, StringComparer.Ordinal)
        .Select(boot => new TopRow(boot.Id, boot.IsBad ? TopStyle.Bad : boot.IsStuck ? TopStyle.Warning : TopStyle.Plain, () =>
        [
            boot.Id, boot.State, boot.IsBad ? "" : ProgressText.Bar(boot.Part, BarWidth),
            boot.BytesTotal > 0 ? $"{HumanSize.Of(boot.BytesFetched)} of {HumanSize.Of(boot.BytesTotal)}" : "",
            boot.Phase == "fetching" ? $"{HumanSize.Of(boot.BytesPerSecond)}/s" : "",
            JsonText.Duration((boot.IsBad ? boot.UpdatedAt : now) - boot.CreatedAt), boot.Channel, boot.Machine ?? "-",
        ]));

    /// <summary>By site: a line of the site, then its providers, the busiest first.</summary>
    private static IEnumerable<TopRow> ProviderRows(TopModel model, DateTimeOffset now)
    {
        foreach (IGrouping<string, JsonElement> site in model.Providers
            .GroupBy(provider => provider.Text("site") ?? "no site").OrderBy(site => site.Key, StringComparer.Ordinal))
        {
            JsonElement[] there = [.. site];
            yield return new TopRow($"site {site.Key}", TopStyle.Bold, () =>
            [
                site.Key, $"{there.Count(provider => provider.Text("state") == "serving")} of {there.Length} serve", $"{there.Sum(InFlight)}",
                $"{HumanSize.Of(there.Sum(BytesPerSecond))}/s",
            ]);
            foreach (JsonElement provider in there.OrderBy(Trouble).ThenByDescending(BytesPerSecond)
                .ThenBy(provider => provider.Text("peer_id"), StringComparer.Ordinal))
            {
                long capacity = (provider.Member("load") ?? default).Number("capacity_bytes_per_second");
                yield return new TopRow(
                    provider.Text("key") ?? "", Trouble(provider) switch { 0 => TopStyle.Bad, 1 => TopStyle.Warning, _ => TopStyle.Plain }, () =>
                    [
                    $"  {provider.Text("name") ?? provider.Text("peer_id")}",
                    provider.Is("awaits_approval") ? "awaits approval" : provider.Text("state") ?? "", $"{InFlight(provider)}",
                    $"{HumanSize.Of(BytesPerSecond(provider))}/s",
                    capacity > 0 ? ProgressText.Bar(Math.Min(1, (double)BytesPerSecond(provider) / capacity), BarWidth) : "",
                    $"{provider.Items("replicas").Count()}", provider.Text("weight") ?? "", Since(provider, "last_seen_at", now),
                    Trouble(provider) < 2 ? provider.Text("reason") ?? "" : "",
                    ]);
            }
        }
    }

    private static IEnumerable<TopRow> ChannelRows(TopModel model, DateTimeOffset now) => model.Channels.Select(channel =>
    {
        JsonElement current = channel.Member("current") ?? default;
        JsonElement rollout = channel.Member("rollout") ?? default;
        string name = $"{channel.Text("channel")}/{channel.Text("arch")}";
        return new TopRow(
            name, rollout.Is("is_halted") ? TopStyle.Bad : rollout.Is("is_paused") ? TopStyle.Warning : TopStyle.Plain, () =>
            [
            name, current.Text("release") ?? "", ChannelCommands.RolloutText(rollout),
            (channel.Member("settled") ?? default).Text("release") ?? "-", Since(current, "published_at", now), current.Text("version") ?? "",
            ]);
    });

    private static IEnumerable<TopRow> SiloRows(TopModel model, DateTimeOffset now)
    {
        JsonElement cluster = model.Cluster ?? default;
        return cluster.Items("silos").Select(silo => new TopRow(
            silo.Text("name") ?? "", silo.Text("status") is "active" ? TopStyle.Plain : TopStyle.Warning, () =>
            [
            silo.Text("name") ?? "", silo.Text("status") ?? "", Since(silo, "started_at", now), Since(silo, "last_seen_at", now),
            silo.Text("address") ?? "",
            $"version {silo.Text("version")}{(silo.Text("name") == cluster.Text("answered_by") ? $", answers here, {cluster.Text("grains_in_memory")} grains" : "")}",
            ]));
    }

    private static IEnumerable<TopRow> GatewayRows(TopModel model) => model.Gateways.Select(gateway =>
    {
        JsonElement status = gateway.Status ?? default;
        JsonElement load = status.Member("load") ?? default;
        return new TopRow(
            gateway.Url.ToString(), gateway.Status is null ? TopStyle.Bad : TopStyle.Plain, () =>
            [
            "gateway", status.Text("state") ?? "no answer",
            gateway.Status is null ? "" : JsonText.Duration(TimeSpan.FromSeconds(status.Number("uptime_seconds"))), "", gateway.Url.Authority,
            gateway.Problem ?? $"{load.Text("requests_in_flight")} in flight, {load.Text("connections")} connections, "
                + $"{HumanSize.Of(load.Number("bytes_sent"))} sent, {status.Items("providers").Count()} providers",
            ]);
    });

    private static int Trouble(JsonElement provider) =>
        provider.Text("state") is "quarantined" or "gone" ? 0 : provider.Text("state") is "serving" ? 2 : 1;

    private static long InFlight(JsonElement provider) => (provider.Member("load") ?? default).Number("requests_in_flight");

    private static long BytesPerSecond(JsonElement provider) => (provider.Member("load") ?? default).Number("bytes_per_second");

    private static string Since(JsonElement json, string name, DateTimeOffset now) =>
        json.Time(name) is { } time ? JsonText.Duration(TimeSpan.FromSeconds(Math.Floor((now - time).TotalSeconds))) : "-";
}
