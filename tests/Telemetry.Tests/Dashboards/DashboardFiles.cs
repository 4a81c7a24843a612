using System.Text.Json;
using PhaseMesh.TestKit;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <param name="Where">Dashboard, panel and target, for failures.</param>
/// <param name="Expression">As Prometheus gets it: variables of Grafana replaced.</param>
internal sealed record PanelQuery(string Where, string Expression);

/// <summary>The JSON of dashboards/, and what its panels ask.</summary>
internal static class DashboardFiles
{
    public static IReadOnlyList<string> Paths { get; } =
        [.. Directory.GetFiles(Repository.PathOf("dashboards"), "*.json").Order(StringComparer.Ordinal)];

    public static JsonElement Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }

    public static IEnumerable<PanelQuery> Queries() =>
        from path in Paths
        from panel in Read(path).GetProperty("panels").EnumerateArray()
        where panel.GetProperty("type").GetString() != "row"
        from target in panel.GetProperty("targets").EnumerateArray()
        select new PanelQuery(
            $"{Path.GetFileName(path)}, {panel.GetProperty("title").GetString()}, {target.GetProperty("refId").GetString()}",
            Replaced(target.GetProperty("expr").GetString()!));

    /// <summary>A window that holds what a test did; all values of a variable of labels.</summary>
    private static string Replaced(string expression) => expression
        .Replace("$__rate_interval", "2m", StringComparison.Ordinal)
        .Replace("$__range", "5m", StringComparison.Ordinal)
        .Replace("$phase", ".*", StringComparison.Ordinal);
}
