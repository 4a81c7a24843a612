using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Silo.Configuration;

/// <summary>Checks a provider.toml against <see cref="ProviderSettings"/>.</summary>
internal static class ProviderFileRules
{
    /// <param name="path">The file as the user named it; problems start with it.</param>
    public static IReadOnlyList<ConfigurationProblem> Check(TomlDocument document, string path)
    {
        TomlRules rules = new(document, path);
        rules.CheckTable(document.Root, "the file", [], new Dictionary<string, Action<TomlTable>>
        {
            [ProviderSettings.ProviderTable] = provider => CheckProvider(rules, provider),
            [ProviderSettings.ClusterTable] = cluster => rules.CheckTable(cluster, "[cluster]", ProviderSettings.OfCluster),
            [ProviderSettings.FleetTable] = fleet => rules.CheckTable(fleet, "[fleet]", ProviderSettings.OfFleet),
        });
        return rules.Problems;
    }

    private static void CheckProvider(TomlRules rules, TomlTable provider) =>
        rules.CheckTable(provider, "[provider]", ProviderSettings.OfProvider, new Dictionary<string, Action<TomlTable>>
        {
            [ProviderSettings.ChannelsTable] = channels => CheckChannels(rules, channels),
            [ProviderSettings.AdvertisementTable] = advertisement =>
                rules.CheckTable(advertisement, "[provider.advertisement]", ProviderSettings.OfAdvertisement),
            [ProviderSettings.DhtTable] = dht => rules.CheckTable(dht, "[provider.dht]", ProviderSettings.OfDht),
        });

    private static void CheckChannels(TomlRules rules, TomlTable channels)
    {
        foreach (TomlEntry entry in channels.Entries)
        {
            string name = $"[provider.channels.{TomlKeyReader.Display(entry.Key)}]";
            if (!ProviderSettings.Channel.IsValid(entry.Key))
            {
                rules.Report(
                    entry.KeyOffset,
                    $"The channel name '{TomlRules.Clip(entry.Key)}' is not valid: expected {ProviderSettings.Channel.Rule}.");
            }
            else if (entry.Value is TomlTable channel)
            {
                rules.CheckTable(channel, name, ProviderSettings.OfChannel);
            }
            else
            {
                rules.Report(entry.Value.Offset, $"{entry.Key} is {entry.Value.TypeName}: expected a table {name}.");
            }
        }
    }
}
