using System.Globalization;
using System.Reflection;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Gateway.Tests.Routing.Simulation;
using PhaseMesh.TestKit;

namespace PhaseMesh.Gateway.Tests.Routing;

/// <summary>docs/gateway-routing.md tells the constants and the simulated figures as they are.</summary>
public class RoutingDocumentTests
{
    private static readonly Dictionary<string, Func<Policy, SimulatedFleet>> Stories = new()
    {
        ["different speeds"] = policy => Scenarios.DifferentSpeeds(policy, 1),
        ["different speeds, four gateways"] = policy => Scenarios.DifferentSpeeds(policy, 1, 4),
        ["one slow of four"] = policy => Scenarios.OneSlow(policy, 1),
        ["quick probes, slow bodies"] = policy => Scenarios.QuickProbesSlowBodies(policy, 1),
        ["one liar of eight"] = policy => Scenarios.OneLiar(policy, 1),
        ["sixteen gateways"] = policy => Scenarios.ManyGateways(policy, 1),
        ["small objects among chunks"] = policy => Scenarios.SmallObjects(policy, 1),
        ["one hangs for 10 s"] = policy => Scenarios.OneHangs(policy, 1),
    };

    public static TheoryData<string> StoryNames => [.. Stories.Keys];

    [Fact]
    public void Constants_AreThoseOfTheDocument()
    {
        IEnumerable<string> inCode =
            from property in typeof(RoutingOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            where property.Name != "EqualityContract"
            select $"{property.Name} = {Show(property.GetValue(RoutingOptions.Default))}";

        IEnumerable<string> inDocument = Rows().Where(row => row[0].StartsWith('`')).Select(row => $"{row[0].Trim('`')} = {row[1]}");

        Assert.Equal(inCode.Order(), inDocument.Order());
    }

    /// <summary>Within a fifth: the logarithm and exponential of another C library may send a run another way.</summary>
    [Theory]
    [MemberData(nameof(StoryNames))]
    public void Figures_AreThoseOfTheDocument(string story)
    {
        string[] row = Assert.Single(Rows(), row => row[0] == story);
        Policy[] policies = [Policy.PhaseMesh, Policy.LeastConnections, Policy.RoundRobin, Policy.AtRandom];
        string actual = string.Join(" | ", policies.Select(policy => Figures(Stories[story](policy))));
        IEnumerable<(double Told, double Measured)> pairs = Numbers(string.Join(" | ", row[1..])).Zip(Numbers(actual));

        Assert.True(
            row.Length == 1 + policies.Length && pairs.All(pair => Math.Abs(pair.Told - pair.Measured) <= 2 + (0.2 * pair.Measured)),
            $"The document should say: | {story} | {actual} |");
    }

    private static string Figures(SimulatedFleet fleet) =>
        string.Join(" / ", new[] { 0.5, 0.99, 0.999 }.Select(quantile => $"{Math.Round(fleet.Quantile(quantile) * 1000)}"));

    private static double[] Numbers(string cells) =>
        [.. cells.Split(['|', '/'], StringSplitOptions.TrimEntries).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];

    private static IEnumerable<string[]> Rows() =>
        from line in File.ReadLines(Repository.PathOf("docs", "gateway-routing.md"))
        where line.StartsWith('|')
        select line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries);

    private static string? Show(object? value) => value is TimeSpan time
        ? $"{time.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s"
        : Convert.ToString(value, CultureInfo.InvariantCulture);
}
