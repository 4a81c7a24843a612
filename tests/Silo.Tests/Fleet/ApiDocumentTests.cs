using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>docs/wire/fleet-api.md says what the API has.</summary>
[Collection("Fleet")]
public sealed partial class ApiDocumentTests(FleetStorages storages)
{
    private static readonly string Document = File.ReadAllText(Repository.PathOf("docs", "wire", "fleet-api.md"));

    [Fact]
    public async Task Calls_AreThoseOfTheOpenApiDocument()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        FleetAnswer described = await scene.As(null).GetAsync("/openapi/v1.json");
        IEnumerable<string> calls =
            from path in described.Json.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            select $"{method.Name.ToUpperInvariant()} {path.Name}";

        Assert.Equal(calls.Order(StringComparer.Ordinal), Call().Matches(Document).Select(match => match.Groups[1].Value)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Problems_OfTheGrains_AreAllListed()
    {
        string[] listed = [.. Problem().Matches(Document).Select(match => match.Groups[1].Value)];
        Assert.Equal(listed.Length, listed.Distinct().Count());
        Assert.Empty(typeof(FleetRefusals).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetValue(null)!).Except(listed));
    }

    [GeneratedRegex(@"^\| `((?:GET|POST|PUT|DELETE) /v1/[^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Call();

    [GeneratedRegex(@"^\| `([a-z-]+)` \| \d{3} \|", RegexOptions.Multiline)]
    private static partial Regex Problem();
}
