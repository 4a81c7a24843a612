using System.Text.RegularExpressions;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>Rules, alerts and their runbooks.</summary>
public partial class RuleFilesTests
{
    private static readonly string[] Sections = ["## What it means", "## What users feel", "## Look", "## Mend"];

    [Fact]
    public async Task Promtool_FindsNothingWrong_AndEachAlertFiresWhenItShould()
    {
        await PrometheusServer.PromtoolAsync(
            "check", "rules", Repository.PathOf("deploy", "prometheus", "rules", "recording.yml"),
            Repository.PathOf("deploy", "prometheus", "rules", "alerts.yml"));
        await PrometheusServer.PromtoolAsync("check", "config", Repository.PathOf("deploy", "prometheus", "prometheus.yml"));
        await PrometheusServer.PromtoolAsync("test", "rules", Repository.PathOf("deploy", "prometheus", "tests", "alerts.yml"));
    }

    [Fact]
    public async Task Names_InPanelsAndRules_AreInTheDocument()
    {
        await using PrometheusServer prometheus = await PrometheusServer.StartWithRulesAsync(
            [Repository.PathOf("deploy", "prometheus", "rules", "*.yml")]);
        IReadOnlyList<PrometheusRule> rules = await prometheus.RulesAsync();
        Dictionary<string, string> recorded = rules.Where(rule => !rule.IsAlert).ToDictionary(rule => rule.Name, rule => rule.Query);
        PanelQuery[] all = [.. DashboardFiles.Queries(), .. rules.Select(rule => new PanelQuery(rule.Name, rule.Query))];
        Assert.Empty(all.SelectMany(query => PromQlNames.FaultsIn(query.Expression, recorded).Select(fault => $"{query.Where}: {fault}")));
    }

    [Theory]
    [InlineData("sum(rate(phase_boot_phases_totl[5m]))", "phase_boot_phases_totl is not in docs/metrics.md")]
    [InlineData("phase_fleet_silos{state=\"lost\"} > 0", "phase_fleet_silos has no label state")]
    [InlineData("max by (site) (up)", "no metric here has a label site")]
    public void Names_ThatAreWrong_AreFound(string expression, string fault)
    {
        string[] found = [.. PromQlNames.FaultsIn(expression, new Dictionary<string, string>())];
        Assert.Equal([fault], found);
    }

    [Fact]
    public async Task EachAlert_HasARunbook_AndADashboard()
    {
        await using PrometheusServer prometheus = await PrometheusServer.StartWithRulesAsync(
            [Repository.PathOf("deploy", "prometheus", "rules", "*.yml")]);
        PrometheusRule[] alerts = [.. (await prometheus.RulesAsync()).Where(rule => rule.IsAlert)];
        string[] uids = [.. DashboardFiles.Paths.Select(path => $"/d/phasemesh-{Path.GetFileNameWithoutExtension(path)}")];
        string tests = await File.ReadAllTextAsync(Repository.PathOf("deploy", "prometheus", "tests", "alerts.yml"));
        string seeing = await File.ReadAllTextAsync(Repository.PathOf("docs", "seeing.md"));
        foreach (PrometheusRule alert in alerts)
        {
            Assert.Equal($"docs/runbooks/{alert.Name}.md", alert.Annotations["runbook_url"]);
            Assert.Contains(alert.Annotations["dashboard"], uids);
            Assert.NotEmpty(alert.Annotations["summary"]);
            string page = await File.ReadAllTextAsync(Repository.PathOf(alert.Annotations["runbook_url"].Split('/')));
            Assert.StartsWith($"# {alert.Name}\n", page, StringComparison.Ordinal);
            Assert.All(Sections, section => Assert.Contains($"\n{section}\n", page, StringComparison.Ordinal));
            Assert.True(Regex.Count(tests, $"alertname: {alert.Name}\\b") >= 3, $"{alert.Name} is not tested for firing and for silence.");
            Assert.Contains($"| [{alert.Name}](runbooks/{alert.Name}.md) |", seeing, StringComparison.Ordinal);
        }

        Assert.Equal(
            alerts.Select(alert => $"{alert.Name}.md").Order(StringComparer.Ordinal),
            Directory.GetFiles(Repository.PathOf("docs", "runbooks")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Whoever is woken up must not be told of a command or an option that isn't there.</summary>
    [Fact]
    public void Commands_InRunbooks_AreThoseOfTheDocument()
    {
        Dictionary<string, string> known = File.ReadLines(Repository.PathOf("docs", "cli.md"))
            .Select(line => CommandRow().Match(line)).Where(match => match.Success)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        int count = 0;
        foreach (string path in Directory.GetFiles(Repository.PathOf("docs", "runbooks")))
        {
            foreach (Match used in Command().Matches(File.ReadAllText(path)))
            {
                count++;
                string name = used.Groups[1].Value;
                Assert.True(known.ContainsKey(name), $"{Path.GetFileName(path)}: there is no plasmd {name}.");
                Assert.All(
                    Option().Matches(used.Value).Select(option => option.Value),
                    option => Assert.Contains($"`{option}`", known[name], StringComparison.Ordinal));
            }
        }

        Assert.InRange(count, 15, 100);
    }

    [GeneratedRegex(@"^\| `plasmd ((?:[a-z]+)(?: [a-z]+)?)`[^|]*\|[^|]*\|([^|]*)\|$")]
    private static partial Regex CommandRow();

    [GeneratedRegex(@"plasmd (top|(?:boot|channel|cluster|dht|fleet|key|manifest|mdns|provider|route) [a-z]+)[^`\n|]*")]
    private static partial Regex Command();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex Option();
}
