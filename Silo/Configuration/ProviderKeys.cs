using Microsoft.Extensions.Configuration;

namespace PhaseMesh.Silo.Configuration;

/// <summary>Where a setting lies in the merged configuration.</summary>
internal static class ProviderKeys
{
    /// <summary>
    /// What flags or the environment pick from the channels of the file: not a key of the file, so it has a root of its own.
    /// </summary>
    public const string SelectedChannel = "selected:channel";

    public const string SelectedArchs = "selected:arch";

    /// <summary>What a boot hands over.</summary>
    public const string BootId = "boot:id";

    public const string BootTicket = "boot:ticket";

    public const string BootTrace = "boot:trace";

    public const string BootUserSpace = "boot:user_space";

    public static string Of(ConfigurationSetting setting) => ConfigurationPath.Combine(ProviderSettings.ProviderTable, setting.Name);

    public static string OfAdvertisement(ConfigurationSetting setting) =>
        ConfigurationPath.Combine(ProviderSettings.ProviderTable, ProviderSettings.AdvertisementTable, setting.Name);

    public static string OfDht(ConfigurationSetting setting) =>
        ConfigurationPath.Combine(ProviderSettings.ProviderTable, ProviderSettings.DhtTable, setting.Name);

    public static string OfCluster(ConfigurationSetting setting) => ConfigurationPath.Combine(ProviderSettings.ClusterTable, setting.Name);

    public static string OfFleet(ConfigurationSetting setting) => ConfigurationPath.Combine(ProviderSettings.FleetTable, setting.Name);

    public static string OfChannel(string channel, ConfigurationSetting setting) =>
        ConfigurationPath.Combine(ProviderSettings.ProviderTable, ProviderSettings.ChannelsTable, channel, setting.Name);
}
