using PhaseMesh.Silo.Commands.Boots;
using PhaseMesh.Silo.Tests.Commands.Top;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>What is said of boots that went wrong.</summary>
public class BootTextTests
{
    [Fact]
    public void Reasons_AreThoseOfTheAgentAndThoseOfSilos() => Assert.Equal(
        BootAdvice.OfReasons.Select(advice => advice.About).Order(StringComparer.Ordinal),
        AgentReasons().Concat(["silent", "unknown"]).Order(StringComparer.Ordinal));

    [Fact]
    public void Advice_IsTheTableOfTheDocument()
    {
        string[] rows = [.. File.ReadAllLines(Repository.PathOf("docs", "cli.md")).SkipWhile(line => line != "## When a boot fails")
            .TakeWhile((line, index) => index == 0 || !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.Equal(
            BootAdvice.OfReasons.Select(advice => $"| `{advice.About}` | {string.Join("<br>", advice.Steps.Select(step => step.Text))} |")
                .Concat(BootAdvice.OfStuckPhases.Select(advice => $"| `stuck in {advice.About}` | {string.Join("<br>", advice.Steps.Select(step => step.Text))} |")),
            rows);
    }

    [Theory]
    [InlineData("""{"boot_id":"b1","outcome":"running","phase":"fetching"}""", 0, "")]
    [InlineData("""{"boot_id":"b1","outcome":"joined","phase":"joined"}""", 0, "")]
    [InlineData("""{"boot_id":"b1","outcome":"failed","reason":"defect"}""", 2, "plasmd boot show b1 --log")]
    [InlineData("""{"boot_id":"b1","outcome":"failed","reason":"of_a_newer_agent"}""", 1, "plasmd boot show b1 --log")]
    [InlineData("""{"boot_id":"b1","outcome":"failed"}""", 1, "plasmd boot show b1 --log")]
    [InlineData("""{"boot_id":"b1","outcome":"lost","reason":"silent"}""", 2, "own console")]
    [InlineData("""{"boot_id":"b1","outcome":"running","phase":"created","is_stuck":true,"channel":"stable","arch":"arm64"}""", 1, "plasmd dht find stable/arm64")]
    public void For_EachOutcome_GivesWhatIsKnown(string boot, int steps, string part)
    {
        IReadOnlyList<string> advice = BootAdvice.For(TopScene.Json(boot));
        Assert.Equal(steps, advice.Count);
        Assert.Contains(part, string.Join('\n', advice), StringComparison.Ordinal);
    }

    [Fact]
    public void RelevantLines_OfALongConsole_AreWarningsAndTheEnd()
    {
        string[] console = [.. Enumerable.Range(0, 100).Select(i => i is 3 or 4 or 50 ? $"{i} WARNING" : $"{i}")];
        Assert.Equal(
            ["...", "3 WARNING", "4 WARNING", "...", "50 WARNING", "...", .. Enumerable.Range(88, 12).Select(i => $"{i}")],
            BootText.RelevantLines(console));
        Assert.Equal(["a", "b"], BootText.RelevantLines(["a", "b"]));
        Assert.Empty(BootText.RelevantLines([]));
        Assert.Equal(12 + 1 + 12, BootText.RelevantLines([.. Enumerable.Repeat("WARNING", 1000)]).Count());
    }

    [Fact]
    public void Explanation_ConsoleOfAStranger_CannotDraw()
    {
        string[] lines = [.. BootText.Explanation(TopScene.Json("""{"boot_id":"b1","outcome":"failed","reason":"defect"}"""), "\u001b[2Jevil\r\n\n")];
        Assert.Contains("  ?[2Jevil", lines);
        Assert.Equal("console: nothing of it has reached the fleet.",
            BootText.Explanation(TopScene.Json("""{"boot_id":"b1","outcome":"failed","reason":"defect"}"""), "").Last());
    }

    /// <summary>docs/boot-agent.md, which the agent's own tests hold.</summary>
    private static IEnumerable<string> AgentReasons() => File.ReadAllLines(Repository.PathOf("docs", "boot-agent.md"))
        .SkipWhile(line => line != "## Exit codes").SkipWhile(line => !line.StartsWith('|')).Skip(2)
        .TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|')[2].Trim().Trim('`')).Where(reason => reason.Length > 0);
}
