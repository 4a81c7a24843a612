using System.Globalization;
using Microsoft.Extensions.Configuration;
using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Silo.Configuration;

/// <summary>A TOML document as configuration: tables become sections, array items the keys 0, 1, ... below theirs.</summary>
internal sealed class TomlConfigurationSource(TomlDocument document) : IConfigurationSource
{
    public TomlDocument Document { get; } = document;

    public IConfigurationProvider Build(IConfigurationBuilder builder) => new TomlConfigurationProvider(Document);
}

internal sealed class TomlConfigurationProvider(TomlDocument document) : ConfigurationProvider
{
    public override void Load()
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        Flatten(document.Root, path: null, data);
        Data = data;
    }

    private static void Flatten(TomlValue value, string? path, Dictionary<string, string?> data)
    {
        switch (value)
        {
            case TomlTable table:
                foreach (TomlEntry entry in table.Entries)
                {
                    Flatten(entry.Value, Join(path, entry.Key), data);
                }

                break;
            case TomlArray array:
                for (int i = 0; i < array.Items.Count; i++)
                {
                    Flatten(array.Items[i], Join(path, i.ToString(CultureInfo.InvariantCulture)), data);
                }

                break;
            default:
                data[path!] = value.ToString();
                break;
        }
    }

    private static string Join(string? path, string key) => path is null ? key : ConfigurationPath.Combine(path, key);
}
