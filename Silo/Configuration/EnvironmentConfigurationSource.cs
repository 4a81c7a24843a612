using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace PhaseMesh.Silo.Configuration;

/// <summary>The <c>PLASM_*</c> variables as configuration. A variable that is set but empty counts as not set.</summary>
internal sealed class EnvironmentConfigurationSource(Func<string, string?> variable) : IConfigurationSource
{
    private static readonly IReadOnlyList<(string Path, ConfigurationSetting Setting)> Settings =
    [
        .. ProviderSettings.OfProvider.Select(setting => (ProviderKeys.Of(setting), setting)),
        .. ProviderSettings.OfAdvertisement.Select(setting => (ProviderKeys.OfAdvertisement(setting), setting)),
        .. ProviderSettings.OfDht.Select(setting => (ProviderKeys.OfDht(setting), setting)),
        .. ProviderSettings.OfCluster.Select(setting => (ProviderKeys.OfCluster(setting), setting)),
        .. ProviderSettings.OfFleet.Select(setting => (ProviderKeys.OfFleet(setting), setting)),
        (ProviderKeys.SelectedChannel, ProviderSettings.Channel),
        (ProviderKeys.SelectedArchs, ProviderSettings.Arch),
        (ProviderKeys.BootId, ProviderSettings.BootId),
        (ProviderKeys.BootTicket, ProviderSettings.BootTicket),
        (ProviderKeys.BootTrace, ProviderSettings.BootTrace),
        (ProviderKeys.BootUserSpace, ProviderSettings.BootUserSpace),
    ];

    /// <summary>Names the configuration file when <c>--config</c> does not.</summary>
    public const string ConfigVariable = "PLASM_CONFIG";

    public IConfigurationProvider Build(IConfigurationBuilder builder) => new Provider(this);

    /// <param name="isOverridden">Whether a flag gives the setting at a path; a variable that is not used is not judged.</param>
    public IEnumerable<ConfigurationProblem> Check(Func<string, bool> isOverridden) =>
        from item in Settings
        where !isOverridden(item.Path)
        from text in Values(item.Setting)
        where !item.Setting.IsValid(text)
        let shown = item.Setting.IsSecret ? "..." : text
        select new ConfigurationProblem(item.Setting.Variable!, $"The environment has '{shown}': expected {item.Setting.Rule}.");

    private string[] Values(ConfigurationSetting setting) => variable(setting.Variable!) switch
    {
        null or "" => [],
        var list when setting.Type == SettingType.TextList => list.Split(',', StringSplitOptions.TrimEntries),
        var text => [text],
    };

    private sealed class Provider(EnvironmentConfigurationSource source) : ConfigurationProvider
    {
        public override void Load()
        {
            foreach ((string path, ConfigurationSetting setting) in Settings)
            {
                string[] values = source.Values(setting);
                for (int i = 0; i < values.Length; i++)
                {
                    bool isList = setting.Type == SettingType.TextList;
                    Set(isList ? ConfigurationPath.Combine(path, i.ToString(CultureInfo.InvariantCulture)) : path, values[i]);
                }
            }
        }
    }
}
