using System.Xml.Linq;
using PhaseMesh.TestKit;

namespace PhaseMesh.Architecture.Tests;

/// <summary>References between projects go one way. A new project must be named here, with what it may see.</summary>
public class ReferenceDirectionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Manifests"] = [],
        ["Mdns"] = [],
        ["BootAgent"] = ["Manifests", "Libp2p", "Mdns"],
        ["Cluster"] = [],
        ["Grains"] = ["Cluster", "Manifests"],
        ["Gateway"] = ["Manifests", "Serving", "Telemetry"],
        ["Libp2p"] = [],
        ["Serving"] = [],
        ["Silo"] = ["Grains", "Manifests", "Libp2p", "Mdns", "Serving", "Telemetry"],
        ["Telemetry"] = [],
    };

    public static TheoryData<string> Projects => [.. ProjectFiles().Select(Path.GetFileNameWithoutExtension).OfType<string>()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_ReferencesOnlyWhatItMaySee(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out string[]? allowed), $"{project} has no line in {nameof(ReferenceDirectionTests)}: say what it may reference");
        string file = ProjectFiles().Single(path => Path.GetFileNameWithoutExtension(path) == project);

        IEnumerable<string> referenced = XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

        Assert.Empty(referenced.Except(allowed!));
    }

    [Fact]
    public void Solution_ContainsEveryProject()
    {
        string solution = File.ReadAllText(Path.Combine(Repository.Root, "PhaseMesh.sln"));
        IEnumerable<string> all = Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileName).OfType<string>();

        Assert.DoesNotContain(all, name => !solution.Contains($"{name}\"", StringComparison.Ordinal));
    }

    /// <summary>The product's projects: those outside tests/.</summary>
    private static IEnumerable<string> ProjectFiles() =>
        Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(path => !path.StartsWith(Path.Combine(Repository.Root, "tests"), StringComparison.Ordinal));
}
