using System.Globalization;
using System.Net;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Serving.Configuration;
using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>A <c>gateway.toml</c> that has been read: <c>[gateway]</c>, <c>[[provider]]</c>, <c>[[site]]</c>, and all that is wrong.</summary>
internal sealed class GatewayFile
{
    /// <summary>Read when no other is named, if it is there.</summary>
    public const string DefaultPath = "/etc/plasm/gateway.toml";

    public const int MaxProviders = 1024;
    public const int MaxNetworks = 1024;

    private readonly ConfigurationFile _file;

    private GatewayFile(ConfigurationFile file) => _file = file;

    public string FullPath => _file.FullPath;

    public IReadOnlyList<ConfigurationProblem> Problems => _file.Problems;

    /// <summary>Call when there are no <see cref="Problems"/>.</summary>
    public IReadOnlyList<ConfiguredProvider> Providers =>
    [
        .. Tables(GatewaySettings.ProviderTable).Select(table => new ConfiguredProvider(new Uri(Text(table, GatewaySettings.ProviderUrl)!))
        {
            Site = new ReplicaSite(Text(table, GatewaySettings.Site), Text(table, GatewaySettings.Rack)),
            Weight = double.Parse(Text(table, GatewaySettings.Weight) ?? "1", NumberStyles.Float, CultureInfo.InvariantCulture),
        }),
    ];

    /// <summary>Call when there are no <see cref="Problems"/>.</summary>
    public IReadOnlyList<ClientNetwork> Networks =>
    [
        .. Tables(GatewaySettings.SiteTable).SelectMany(table => Texts(table.Find(GatewaySettings.Networks.Name))
            .Select(network => new ClientNetwork(
                IPNetwork.Parse(network), Text(table, GatewaySettings.SiteName)!, Text(table, GatewaySettings.Rack)))),
    ];

    public static GatewayFile Load(string path) => new(ConfigurationFile.Load(path, Check));

    /// <summary>What the file has for a setting, its paths made absolute; empty when it has nothing.</summary>
    public IReadOnlyList<string> Values(GatewaySetting setting) =>
        setting.Table.Length > 0 && _file.Document?.Root.Find(setting.Table) is TomlTable table
            ? [.. Texts(table.Find(setting.Name)).Select(text => Resolve(setting, text, FullPath))]
            : [];

    private static IReadOnlyList<ConfigurationProblem> Check(TomlDocument document, string path)
    {
        TomlRules rules = new(document, path);
        string fullPath = Path.GetFullPath(path);
        HashSet<string> urls = [];
        HashSet<string> networks = [];
        rules.CheckTable(
            document.Root, "the file", [],
            GatewaySettings.All.Where(setting => setting.Table.Length > 0).GroupBy(setting => setting.Table)
                .ToDictionary(group => group.Key, group => (Action<TomlTable>)(table => rules.CheckTable(
                    table, $"[{group.Key}]",
                    [.. group.Select(setting => setting with { IsValid = text => setting.IsValid(Resolve(setting, text, fullPath)) })]))),
            new Dictionary<string, Action<TomlTable>>
            {
                [GatewaySettings.ProviderTable] = table => CheckEach(
                    rules, table, GatewaySettings.ProviderTable, GatewaySettings.OfProvider, GatewaySettings.ProviderUrl, urls, MaxProviders),
                [GatewaySettings.SiteTable] = table => CheckEach(
                    rules, table, GatewaySettings.SiteTable, GatewaySettings.OfSite, GatewaySettings.Networks, networks, MaxNetworks),
            });
        return rules.Problems;
    }

    /// <param name="unique">The setting whose values no two tables may share.</param>
    private static void CheckEach(
        TomlRules rules, TomlTable table, string name, IReadOnlyList<ConfigurationSetting> settings, ConfigurationSetting unique,
        HashSet<string> seen, int most)
    {
        rules.CheckTable(table, $"[[{name}]]", settings);
        foreach (ConfigurationSetting required in settings.Where(setting =>
            (setting == unique || setting == GatewaySettings.SiteName) && table.Find(setting.Name) is null))
        {
            rules.Report(table.Offset, $"This [[{name}]] has no {required.Name}: expected {required.Rule}.");
        }

        foreach (string text in Texts(table.Find(unique.Name)).Where(unique.IsValid))
        {
            string same = unique == GatewaySettings.ProviderUrl ? new Uri(text).ToString() : IPNetwork.Parse(text).ToString();
            if (!seen.Add(same))
            {
                rules.Report(table.Offset, $"{unique.Name} names {TomlRules.Clip(text)}, as another [[{name}]] does: expected each once.");
            }
            else if (seen.Count == most + 1)
            {
                rules.Report(table.Offset, $"Expected at most {most} in all [[{name}]] together; this is one more.");
            }
        }
    }

    private IEnumerable<TomlTable> Tables(string name) =>
        _file.Document?.Root.Find(name) is TomlArray tables ? tables.Items.OfType<TomlTable>() : [];

    private static string? Text(TomlTable table, ConfigurationSetting setting) => table.Find(setting.Name)?.ToString();

    private static IEnumerable<string> Texts(TomlValue? value) => value switch
    {
        null => [],
        TomlArray list => list.Items.OfType<TomlScalar>().Select(item => item.ToString()),
        TomlScalar scalar => [scalar.ToString()],
        _ => [],
    };

    private static string Resolve(GatewaySetting setting, string text, string fullPath) =>
        !setting.IsPath || text.Length == 0 || text.Contains('\0') || Ed25519PublicKey.TryParse(text, out _)
            ? text
            : Path.GetFullPath(text, Path.GetDirectoryName(fullPath)!);
}
