using System.Text.RegularExpressions;

namespace PhaseMesh.TestKit.Prometheus;

/// <param name="Instrument">OpenTelemetry's name.</param>
/// <param name="Name">Prometheus's name.</param>
/// <param name="Labels"><c>label (bound), ...</c>, or <c>-</c>.</param>
public sealed record MetricsRow(string Instrument, string Name, string Type, string Unit, string Labels);

/// <summary>The tables of docs/metrics.md.</summary>
public static partial class MetricsDocument
{
    /// <summary>What the tables leave to others: .NET's own names, and the scrape's words about itself.</summary>
    private static readonly string[] Elsewhere = ["dotnet_", "phase_scrape_"];

    public static IReadOnlyList<MetricsRow> Rows { get; } =
    [
        .. File.ReadLines(Repository.PathOf("docs", "metrics.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal)).ToArray())
            .Select(cells => new MetricsRow(cells[0], cells[1], cells[2], cells[3], cells[4])),
    ];

    /// <summary>Series of a scrape in the text format that are not in the tables, have other labels, or more values than the bound.</summary>
    public static IReadOnlyList<string> FaultsIn(string scrape)
    {
        List<string> faults = [];
        Dictionary<(string Name, string Label), HashSet<string>> values = [];
        foreach (string line in scrape.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            string name = SeriesName().Match(line).Value;
            if (Elsewhere.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                continue;
            }

            if ((Row(name) ?? Row(HistogramSuffix().Replace(name, ""))) is not { } row)
            {
                faults.Add($"{name} is not in the document.");
                continue;
            }

            foreach (Match label in Label().Matches(line).Where(label => label.Groups[1].Value != "le"))
            {
                if (BoundOf(row, label.Groups[1].Value) is not { } bound)
                {
                    faults.Add($"{name} has a label {label.Groups[1].Value} that the document doesn't give it.");
                    continue;
                }

                HashSet<string> seen = values.TryGetValue((row.Name, label.Groups[1].Value), out HashSet<string>? known) ? known
                    : values[(row.Name, label.Groups[1].Value)] = [];
                if (seen.Add(label.Groups[2].Value) && seen.Count == bound + 1)
                {
                    faults.Add($"{name} has more than {bound} values of {label.Groups[1].Value}: {string.Join(' ', seen)}.");
                }
            }
        }

        return [.. faults.Distinct()];
    }

    private static MetricsRow? Row(string name) => Rows.FirstOrDefault(row => row.Name == name);

    /// <summary>Null: the row has no such label. Where the bound is no number it is the configuration's.</summary>
    private static int? BoundOf(MetricsRow row, string label) =>
        Regex.Match(row.Labels, $@"\b{label} \(([^)]+)\)") is { Success: true } match
            ? int.TryParse(match.Groups[1].Value, out int bound) ? bound : int.MaxValue - 1
            : null;

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]*")]
    private static partial Regex SeriesName();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramSuffix();

    [GeneratedRegex("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Label();
}
