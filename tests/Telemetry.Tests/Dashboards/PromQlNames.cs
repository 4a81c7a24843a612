using System.Text.RegularExpressions;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>Metrics and labels that an expression names, held against docs/metrics.md. Prometheus itself judges the rest of it.</summary>
internal static partial class PromQlNames
{
    private static readonly HashSet<string> OfPrometheus = ["job", "instance", "le"];
    private static readonly HashSet<string> OfAlerts = ["alertname", "alertstate", "severity"];
    private static readonly HashSet<string> Words =
        ["by", "on", "without", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset"];

    /// <param name="recorded">Recording rules by their names: what they record has the labels that their expressions name.</param>
    public static IEnumerable<string> FaultsIn(string expression, IReadOnlyDictionary<string, string> recorded)
    {
        HashSet<string> known = [.. OfPrometheus];
        string bare = Text().Replace(expression, "\"\"");
        foreach (Match metric in Metric().Matches(Grouping().Replace(bare, " ")))
        {
            string name = metric.Groups[1].Value;
            if (Words.Contains(name))
            {
                continue;
            }

            if (LabelsOf(name, recorded) is not { } labels)
            {
                yield return $"{name} is not in docs/metrics.md";
                continue;
            }

            known.UnionWith(labels);
            foreach (Match label in Label().Matches(metric.Groups[2].Value).Where(label => !labels.Contains(label.Groups[1].Value)
                && !OfPrometheus.Contains(label.Groups[1].Value)))
            {
                yield return $"{name} has no label {label.Groups[1].Value}";
            }
        }

        known.UnionWith(Given().Matches(expression).Select(match => match.Groups[1].Value));
        foreach (string label in Grouping().Matches(bare).SelectMany(match => match.Groups[1].Value.Split(','))
            .Select(label => label.Trim()).Where(label => label.Length > 0 && !known.Contains(label)))
        {
            yield return $"no metric here has a label {label}";
        }
    }

    private static HashSet<string>? LabelsOf(string name, IReadOnlyDictionary<string, string> recorded)
    {
        if (name is "up" or "ALERTS")
        {
            return name == "up" ? [] : OfAlerts;
        }

        if (recorded.TryGetValue(name, out string? rule))
        {
            return [.. Grouping().Matches(rule).SelectMany(match => match.Groups[1].Value.Split(',')).Select(label => label.Trim())];
        }

        MetricsRow? row = MetricsDocument.Rows.FirstOrDefault(row => row.Name == name
            || (row.Type == "histogram" && HistogramSuffix().Replace(name, "") == row.Name && name != row.Name));
        return row is null ? null : [.. row.Labels == "-" ? [] : LabelOfRow().Matches(row.Labels).Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Text();

    /// <summary><c>by (a, b)</c> and its like.</summary>
    [GeneratedRegex(@"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    /// <summary>A name that is no function, with its matchers. Durations begin with a digit.</summary>
    [GeneratedRegex(@"(?<![\w:.""])([a-zA-Z_][\w:]*)\b(?![\w:]*\s*\()(?:\{([^}]*)\})?(?!\s*(?:=|!))")]
    private static partial Regex Metric();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Label();

    [GeneratedRegex(@"label_replace\([^""]*""(\w+)""")]
    private static partial Regex Given();

    [GeneratedRegex(@"(\w+) \(")]
    private static partial Regex LabelOfRow();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramSuffix();
}
