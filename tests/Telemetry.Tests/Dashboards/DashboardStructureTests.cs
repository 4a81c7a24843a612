using System.Text.Json;
using System.Text.RegularExpressions;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>What Grafana 10 and 11 need of a dashboard, and what somebody who reads it at night does.</summary>
public partial class DashboardStructureTests
{
    private static readonly HashSet<string> PanelTypes = ["row", "stat", "timeseries", "table", "bargauge", "heatmap"];
    private static readonly HashSet<string> Units =
        ["short", "s", "bytes", "Bps", "cpm", "ops", "reqps", "percentunit", "dateTimeFromNow"];

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static TheoryData<string> Dashboards => [.. DashboardFiles.Paths.Select(path => Path.GetFileName(path))];

    [Fact]
    public void EachDashboard_HasAUidAndTitleOfItsOwn()
    {
        JsonElement[] all = [.. DashboardFiles.Paths.Select(DashboardFiles.Read)];
        Assert.Equal(5, all.Length);
        Assert.Equal(5, all.Select(one => Text(one, "title")).Distinct().Count());
        Assert.Equal(
            DashboardFiles.Paths.Select(path => $"phasemesh-{Path.GetFileNameWithoutExtension(path)}"),
            all.Select(one => Text(one, "uid")));
        Assert.All(all, one => Assert.Equal(39, one.GetProperty("schemaVersion").GetInt32()));
        Assert.All(all, one => Assert.InRange(Text(one, "description").Length, 10, 200));
    }

    /// <summary>The npm package @grafana/schema; Grafana itself reads more than it types, so the tests below look closer.</summary>
    [Fact]
    public async Task GrafanasOwnTypes_AreKept_AndSomethingWrongIsFound()
    {
        string check = Repository.PathOf("tests", "Telemetry.Tests", "Dashboards", "grafana", "check.sh");
        await ChildProcess.RunAsync("sh", [check, .. DashboardFiles.Paths], Limit);

        string wrong = Path.GetTempFileName();
        await File.WriteAllTextAsync(wrong, (await File.ReadAllTextAsync(DashboardFiles.Paths[0]))
            .Replace("\"mode\": \"absolute\"", "\"mode\": \"relative\"", StringComparison.Ordinal));
        InvalidOperationException found = await Assert.ThrowsAsync<InvalidOperationException>(
            () => ChildProcess.RunAsync("sh", [check, wrong], Limit));
        Assert.Contains("relative", found.Message, StringComparison.Ordinal);
        File.Delete(wrong);
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Panels_AreWhole_AndFromTheChosenPrometheus(string name)
    {
        JsonElement dashboard = DashboardFiles.Read(DashboardFiles.Paths.Single(path => Path.GetFileName(path) == name));
        JsonElement[] variables = [.. dashboard.GetProperty("templating").GetProperty("list").EnumerateArray()];
        Assert.Equal(
            ("datasource", "datasource", "prometheus"),
            (Text(variables[0], "name"), Text(variables[0], "type"), Text(variables[0], "query")));
        JsonElement[] panels = [.. dashboard.GetProperty("panels").EnumerateArray()];
        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, panel => Assert.Contains(Text(panel, "type"), PanelTypes));
        Assert.All(panels, panel => Assert.NotEmpty(Text(panel, "title")));
        foreach (JsonElement panel in panels.Where(panel => Text(panel, "type") != "row"))
        {
            Assert.True(Text(panel, "description").Length > 10, $"{name}, {Text(panel, "title")}: it says nothing about itself.");
            Assert.Contains(Text(panel.GetProperty("fieldConfig").GetProperty("defaults"), "unit"), Units);
            AssertChosen(panel);
            JsonElement[] targets = [.. panel.GetProperty("targets").EnumerateArray()];
            Assert.NotEmpty(targets);
            Assert.Equal(targets.Length, targets.Select(target => Text(target, "refId")).Distinct().Count());
            foreach (JsonElement target in targets)
            {
                AssertChosen(target);
                Assert.All(
                    Variable().Matches(Text(target, "expr")).Select(match => match.Groups[1].Value),
                    used => Assert.Contains(
                        used, variables.Select(variable => Text(variable, "name")).Concat(["__rate_interval", "__range"])));
                Assert.Equal(Text(panel, "type") is "table" or "bargauge", target.GetProperty("instant").GetBoolean());
                Assert.NotEqual(target.GetProperty("instant").GetBoolean(), target.GetProperty("range").GetBoolean());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Panels_DoNotOverlap_AndStayOnThePage(string name)
    {
        HashSet<(int X, int Y)> taken = [];
        foreach (JsonElement panel in DashboardFiles.Read(DashboardFiles.Paths.Single(path => Path.GetFileName(path) == name))
            .GetProperty("panels").EnumerateArray())
        {
            JsonElement place = panel.GetProperty("gridPos");
            (int x, int y, int w, int h) = (Number("x"), Number("y"), Number("w"), Number("h"));
            Assert.True(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, $"{Text(panel, "title")} is off the page.");
            for (int column = x; column < x + w; column++)
            {
                for (int line = y; line < y + h; line++)
                {
                    Assert.True(taken.Add((column, line)), $"{Text(panel, "title")} lies on another panel.");
                }
            }

            int Number(string key) => place.GetProperty(key).GetInt32();
        }
    }

    private static void AssertChosen(JsonElement holder)
    {
        JsonElement source = holder.GetProperty("datasource");
        Assert.Equal(("prometheus", "${datasource}"), (Text(source, "type"), Text(source, "uid")));
    }

    private static string Text(JsonElement holder, string name) => holder.GetProperty(name).GetString()!;

    [GeneratedRegex(@"\$\{?(\w+)")]
    private static partial Regex Variable();
}
