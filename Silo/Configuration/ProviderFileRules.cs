using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Configuration.Toml;

namespace PhaseMesh.Silo.Configuration;

/// <summary>Checks a document against <see cref="ProviderSettings"/> and reports all that is wrong, each with its place.</summary>
internal sealed class ProviderFileRules
{
    private readonly TomlDocument _document;
    private readonly string _path;
    private readonly List<ConfigurationProblem> _problems = [];

    private ProviderFileRules(TomlDocument document, string path) => (_document, _path) = (document, path);

    /// <param name="path">The file as the user named it; problems start with it.</param>
    public static IReadOnlyList<ConfigurationProblem> Check(TomlDocument document, string path)
    {
        var rules = new ProviderFileRules(document, path);
        rules.CheckTable(document.Root, "the file", [], new()
        {
            [ProviderSettings.ProviderTable] = rules.CheckProvider,
            [ProviderSettings.ClusterTable] = cluster => rules.CheckTable(cluster, "[cluster]", ProviderSettings.OfCluster, []),
            [ProviderSettings.FleetTable] = fleet => rules.CheckTable(fleet, "[fleet]", ProviderSettings.OfFleet, []),
        });
        return rules._problems;
    }

    private void CheckProvider(TomlTable table) => CheckTable(table, "[provider]", ProviderSettings.OfProvider, new()
    {
        [ProviderSettings.ChannelsTable] = CheckChannels,
        [ProviderSettings.AdvertisementTable] = advertisement =>
            CheckTable(advertisement, "[provider.advertisement]", ProviderSettings.OfAdvertisement, []),
        [ProviderSettings.DhtTable] = dht => CheckTable(dht, "[provider.dht]", ProviderSettings.OfDht, []),
    });

    private void CheckChannels(TomlTable channels)
    {
        foreach (TomlEntry entry in channels.Entries)
        {
            string name = $"[provider.channels.{TomlKeyReader.Display(entry.Key)}]";
            if (!ProviderSettings.Channel.IsValid(entry.Key))
            {
                Report(entry.KeyOffset, $"The channel name '{Clip(entry.Key)}' is not valid: expected {ProviderSettings.Channel.Rule}.");
            }
            else if (entry.Value is TomlTable channel)
            {
                CheckTable(channel, name, ProviderSettings.OfChannel, []);
            }
            else
            {
                Report(entry.Value.Offset, $"{entry.Key} is {entry.Value.TypeName}: expected a table {name}.");
            }
        }
    }

    private void CheckTable(
        TomlTable table, string name, IReadOnlyList<ProviderSetting> settings, Dictionary<string, Action<TomlTable>> tables)
    {
        foreach (TomlEntry entry in table.Entries)
        {
            if (settings.FirstOrDefault(setting => setting.Name == entry.Key) is { } setting)
            {
                CheckSetting(setting, entry.Value);
            }
            else if (!tables.TryGetValue(entry.Key, out Action<TomlTable>? checkInner))
            {
                ReportUnknown(entry, name, [.. settings.Select(known => known.Name), .. tables.Keys]);
            }
            else if (entry.Value is TomlTable inner)
            {
                checkInner(inner);
            }
            else
            {
                Report(entry.Value.Offset, $"{entry.Key} is {entry.Value.TypeName}: expected a table.");
            }
        }
    }

    private void CheckSetting(ProviderSetting setting, TomlValue value)
    {
        switch (setting.Type, value)
        {
            case (SettingType.TextList, TomlArray { Items.Count: > 0 } list):
                CheckList(setting, list);
                break;
            case (SettingType.TextList, TomlArray):
                Report(value.Offset, $"{setting.Name} is empty: expected at least one, {setting.Rule}.");
                break;
            case (SettingType.Boolean, TomlBoolean):
            case (SettingType.Integer, TomlInteger):
            case (SettingType.Text or SettingType.TextList, TomlString):
                CheckText(setting, (TomlScalar)value);
                break;
            default:
                Report(value.Offset, $"{setting.Name} is {Describe(value)}: expected {setting.TypeName}, {setting.Rule}.");
                break;
        }
    }

    private void CheckList(ProviderSetting setting, TomlArray list)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (TomlValue item in list.Items)
        {
            if (item is not TomlString text)
            {
                Report(item.Offset, $"{setting.Name} has {Describe(item)}: expected strings, each {setting.Rule}.");
            }
            else if (CheckText(setting, text)
                && !seen.Add(MachineArch.TryParse(text.Value, out MachineArch arch) ? arch.ToString() : text.Value))
            {
                Report(item.Offset,
                    $"{setting.Name} names '{Clip(text.Value)}' a second time (an alias counts as its name): expected each once.");
            }
        }
    }

    private bool CheckText(ProviderSetting setting, TomlScalar value)
    {
        bool valid = setting.IsValid(value.ToString());
        if (!valid)
        {
            Report(value.Offset, $"{setting.Name} is {(setting.IsSecret ? "of another form" : Describe(value))}: expected {setting.Rule}.");
        }

        return valid;
    }

    private void ReportUnknown(TomlEntry entry, string table, IReadOnlyList<string> known)
    {
        string hint = SpellingSuggestion.Nearest(entry.Key, known) is { } near
            ? $"did you mean {near}?"
            : $"expected one of {string.Join(", ", known)}.";
        Report(entry.KeyOffset, $"Unknown key {Clip(TomlKeyReader.Display(entry.Key))} in {table}: {hint}");
    }

    private void Report(int offset, string problem) =>
        _problems.Add(new ConfigurationProblem($"{_path}:{_document.PositionOf(offset)}", problem));

    private static string Describe(TomlValue value) => value switch
    {
        TomlString text => $"the string \"{Clip(text.Value)}\"",
        TomlInteger or TomlBoolean => value.ToString()!,
        TomlScalar scalar => $"the {scalar.TypeName[2..]} {scalar}",
        _ => value.TypeName,
    };

    /// <summary>Errors are one line each and go to terminals: no control characters, no kilobytes.</summary>
    private static string Clip(string text)
    {
        string clean = string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
        return clean.Length <= 60 ? clean : clean[..60] + "...";
    }
}
