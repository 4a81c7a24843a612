using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Serving.Configuration;

/// <summary>Checks tables of a document against the settings they may hold, and collects all that is wrong, each with its place.</summary>
/// <param name="path">The file as the user named it; problems start with it.</param>
public sealed class TomlRules(TomlDocument document, string path)
{
    private const int ClipLength = 60;
    private readonly List<ConfigurationProblem> _problems = [];

    public IReadOnlyList<ConfigurationProblem> Problems => _problems;

    /// <param name="name">As problems name the table: <c>[provider]</c>.</param>
    /// <param name="tables">What checks the tables in it.</param>
    /// <param name="arrays">What checks each table of the arrays of tables in it.</param>
    public void CheckTable(
        TomlTable table, string name, IReadOnlyList<ConfigurationSetting> settings,
        IReadOnlyDictionary<string, Action<TomlTable>>? tables = null, IReadOnlyDictionary<string, Action<TomlTable>>? arrays = null)
    {
        foreach (TomlEntry entry in table.Entries)
        {
            if (settings.FirstOrDefault(setting => setting.Name == entry.Key) is { } setting)
            {
                CheckSetting(setting, entry.Value);
            }
            else if (arrays?.TryGetValue(entry.Key, out Action<TomlTable>? checkEach) is true)
            {
                CheckArray(entry, checkEach);
            }
            else if (tables?.TryGetValue(entry.Key, out Action<TomlTable>? checkInner) is not true)
            {
                ReportUnknown(entry, name, [.. settings.Select(known => known.Name), .. tables?.Keys ?? [], .. arrays?.Keys ?? []]);
            }
            else if (entry.Value is TomlTable inner)
            {
                checkInner!(inner);
            }
            else
            {
                Report(entry.Value.Offset, $"{entry.Key} is {entry.Value.TypeName}: expected a table.");
            }
        }
    }

    public void Report(int offset, string problem) =>
        _problems.Add(new ConfigurationProblem($"{path}:{document.PositionOf(offset)}", problem));

    /// <summary>Errors are one line each and go to terminals: no control characters, no kilobytes.</summary>
    public static string Clip(string text)
    {
        string clean = string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
        return clean.Length <= ClipLength ? clean : clean[..ClipLength] + "...";
    }

    private void CheckArray(TomlEntry entry, Action<TomlTable> checkEach)
    {
        if (entry.Value is not TomlArray { IsArrayOfTables: true } array)
        {
            Report(entry.Value.Offset, $"{entry.Key} is {entry.Value.TypeName}: expected tables, each begun by [[{entry.Key}]].");
            return;
        }

        foreach (TomlTable each in array.Items.OfType<TomlTable>())
        {
            checkEach(each);
        }
    }

    private void CheckSetting(ConfigurationSetting setting, TomlValue value)
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
            case (SettingType.Number, TomlFloat):
            case (SettingType.WholeNumber or SettingType.Size or SettingType.Number, TomlInteger):
            case (SettingType.Text or SettingType.TextList or SettingType.Size, TomlString):
                CheckText(setting, (TomlScalar)value);
                break;
            default:
                Report(value.Offset, $"{setting.Name} is {Describe(value)}: expected {setting.TypeName}, {setting.Rule}.");
                break;
        }
    }

    private void CheckList(ConfigurationSetting setting, TomlArray list)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (TomlValue item in list.Items)
        {
            if (item is not TomlString text)
            {
                Report(item.Offset, $"{setting.Name} has {Describe(item)}: expected strings, each {setting.Rule}.");
            }
            else if (CheckText(setting, text) && !seen.Add(setting.Canonical?.Invoke(text.Value) ?? text.Value))
            {
                Report(item.Offset,
                    $"{setting.Name} names '{Clip(text.Value)}' a second time (an alias counts as its name): expected each once.");
            }
        }
    }

    private bool CheckText(ConfigurationSetting setting, TomlScalar value)
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

    private static string Describe(TomlValue value) => value switch
    {
        TomlString text => $"the string \"{Clip(text.Value)}\"",
        TomlInteger or TomlBoolean => value.ToString()!,
        TomlScalar scalar => $"the {scalar.TypeName[2..]} {scalar}",
        _ => value.TypeName,
    };
}
