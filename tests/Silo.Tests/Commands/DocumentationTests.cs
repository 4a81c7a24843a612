using System.CommandLine;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Configuration;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>docs/cli.md says what the code does.</summary>
public class DocumentationTests
{
    private static readonly string[] Lines = File.ReadAllLines(Repository.PathOf("docs", "cli.md"));

    [Fact]
    public void ExitCodes_AreTheTableOfTheDocument() =>
        Assert.Equal(
            ExitCode.All.Select(entry => $"| {entry.Code} | {entry.Meaning} |"),
            Section("## Exit codes").Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1));

    [Fact]
    public void Commands_AreListedWithExactlyTheirOptions()
    {
        string[] rows = [.. Section("## Commands").Where(line => line.StartsWith("| `plasmd ", StringComparison.Ordinal))];
        var commands = Leaves(Tree(), "plasmd").ToList();

        Assert.Equal(commands.Count, rows.Length);
        foreach ((string path, Command command) in commands)
        {
            string row = Assert.Single(rows, row => row.StartsWith($"| `{path}`", StringComparison.Ordinal));
            Assert.Equal(
                command.Options.Select(option => option.Name).Order(StringComparer.Ordinal),
                Words(row).Where(word => word.StartsWith("--", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Settings_AreListedWithTheirVariables()
    {
        string[] rows = [.. Section("## Configuration").Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        (string Path, ConfigurationSetting Setting)[] settings =
        [
            .. ProviderSettings.OfProvider.Select(setting => ($"provider.{setting.Name}", setting)),
            ("provider.channels.NAME", ProviderSettings.Channel),
            .. ProviderSettings.OfChannel.Select(setting => ($"provider.channels.NAME.{setting.Name}", setting)),
            .. ProviderSettings.OfAdvertisement.Select(setting => ($"provider.advertisement.{setting.Name}", setting)),
            .. ProviderSettings.OfDht.Select(setting => ($"provider.dht.{setting.Name}", setting)),
            .. ProviderSettings.OfCluster.Select(setting => ($"cluster.{setting.Name}", setting)),
            .. ProviderSettings.OfFleet.Select(setting => ($"fleet.{setting.Name}", setting)),
        ];

        Assert.Equal(
            settings.Select(item => $"| `{item.Path}` | {(item.Setting.Variable is { } variable ? $"`{variable}` " : "")}|"),
            rows.Select(row => string.Join('|', row.Split('|')[..3]) + "|"));
        string[] flags = [.. rows.SelectMany(Words).Where(word => word.StartsWith("--", StringComparison.Ordinal))];
        Assert.All(flags, flag =>
            Assert.Contains(Tree().Subcommands.First(command => command.Name == "serve").Options, option => option.Name == flag));
    }

    private static IEnumerable<string> Section(string heading) =>
        Lines.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal));

    private static IEnumerable<string> Words(string row) => row.Split('`').Where((_, index) => index % 2 == 1);

    private static RootCommand Tree() => PlasmdCommandLine.Build(new CommandContext
    {
        Output = TextWriter.Null,
        Error = TextWriter.Null,
        Host = HostSurroundings.OfThisProcess,
        Serve = (_, _) => Task.FromResult(0),
    });

    private static IEnumerable<(string Path, Command Command)> Leaves(Command command, string path) =>
        command.Subcommands.Count == 0 ? [(path, command)] : command.Subcommands.SelectMany(inner => Leaves(inner, $"{path} {inner.Name}"));
}
