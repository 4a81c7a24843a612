using System.Text.RegularExpressions;
using PhaseMesh.TestKit;

namespace PhaseMesh.Architecture.Tests;

/// <summary>Every event id is used once, and docs/events.md lists exactly those that exist.</summary>
public partial class EventIdTests
{
    [Fact]
    public void EventIds_AreUnique() =>
        Assert.Empty(InCode().GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public void EventIds_AreThoseOfTheDocument() =>
        Assert.Equal(InDocument().Order(), InCode().Order());

    private static IEnumerable<int> InCode() =>
        from project in (string[])["Serving", "Silo", "Libp2p", "Cluster", "Grains", "Gateway"]
        from file in Directory.EnumerateFiles(Repository.PathOf(project), "*.cs", SearchOption.AllDirectories)
        from Match match in LoggerMessage().Matches(File.ReadAllText(file))
        select int.Parse(match.Groups[1].Value);

    private static IEnumerable<int> InDocument() =>
        from Match match in TableRow().Matches(File.ReadAllText(Repository.PathOf("docs", "events.md")))
        select int.Parse(match.Groups[1].Value);

    [GeneratedRegex(@"\[LoggerMessage\((\d+),")]
    private static partial Regex LoggerMessage();

    [GeneratedRegex(@"^\| *(\d+) *\|", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
