using System.Text.RegularExpressions;
using PhaseMesh.TestKit;

namespace PhaseMesh.Architecture.Tests;

/// <summary>xunit 2 disposes of a test class by IDisposable or IAsyncLifetime, and passes IAsyncDisposable over without a word.</summary>
public partial class TestDisposalTests
{
    [Fact]
    public void TestClasses_AreOfAnInterfaceThatIsHeeded()
    {
        string[] sources = [.. Directory.EnumerateFiles(Repository.PathOf("tests"), "*.cs", SearchOption.AllDirectories)];
        Assert.Contains(sources, source => Heeded().IsMatch(File.ReadAllText(source)));
        Assert.Empty(
            from source in sources
            from Match match in PassedOver().Matches(File.ReadAllText(source))
            select $"{source}: {match.Groups[1].Value}");
    }

    [GeneratedRegex(@"\bclass (\w+Tests)\b[^{;]*\bIAsyncLifetime\b")]
    private static partial Regex Heeded();

    [GeneratedRegex(@"\bclass (\w+Tests)\b[^{;]*\bIAsyncDisposable\b")]
    private static partial Regex PassedOver();
}
