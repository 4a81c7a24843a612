using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Configuration.Toml;

namespace PhaseMesh.Silo.Configuration;

/// <summary>The merged configuration: flags over environment over file over defaults.</summary>
internal sealed class ProviderConfiguration
{
    /// <summary>Served when neither a flag, the environment nor the file names a channel.</summary>
    public const string DefaultChannel = "stable";

    private readonly IConfigurationRoot _merged;
    private readonly ProviderFile? _file;
    private readonly HostSurroundings _host;

    private ProviderConfiguration(IConfigurationRoot merged, ProviderFile? file, HostSurroundings host, IReadOnlyList<ConfigurationProblem> problems) =>
        (_merged, _file, _host, Problems) = (merged, file, host, problems);

    /// <summary>All that is wrong in file and environment. When there is anything, nothing else here may be relied on.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; }

    /// <summary>The file that was read, or null when there is none.</summary>
    public string? FilePath => _file?.FullPath;

    public bool Enabled => Text(ProviderKeys.Of(ProviderSettings.Enabled)) != "false";

    /// <summary>Null when nothing names one.</summary>
    public string? ArtifactsDirectory => Directory(ProviderSettings.ArtifactsDirectory);

    public string StateDirectory => Directory(ProviderSettings.StateDirectory) ?? _host.DefaultStateDirectory;

    public static ProviderConfiguration Load(ProviderFlags flags, HostSurroundings host)
    {
        ProviderFile? file = FindFile(flags, host);
        var environment = new EnvironmentConfigurationSource(host.Variable);
        Dictionary<string, string?> given = flags.ToConfiguration();
        List<ConfigurationProblem> problems = [.. file?.Problems ?? []];
        problems.AddRange(environment.Check(path => given.Keys.Any(key => key == path || key.StartsWith(path + ConfigurationPath.KeyDelimiter, StringComparison.Ordinal))));

        var builder = new ConfigurationBuilder();
        if (file?.Document is { } document)
        {
            builder.Add(new TomlConfigurationSource(document));
        }

        builder.Add(environment).Add(new MemoryConfigurationSource { InitialData = given });
        return new ProviderConfiguration(builder.Build(), file, host, problems);
    }

    /// <summary>What <c>plasmd serve</c> runs with. Call when there are no <see cref="Problems"/> and an artifacts directory is known.</summary>
    public ProviderOptions ToOptions() => new()
    {
        Enabled = Enabled,
        Port = Number(ProviderSettings.Port) ?? 8080,
        Bind = Text(ProviderKeys.Of(ProviderSettings.Bind)),
        ArtifactsDirectory = ArtifactsDirectory ?? throw new InvalidOperationException("No artifacts directory is configured; check before binding."),
        StateDirectory = StateDirectory,
        Channels = Channels(),
        Advertisement = new AdvertisementOptions
        {
            Dht = Text(ProviderKeys.OfAdvertisement(ProviderSettings.Dht)) != "false",
            Mdns = Text(ProviderKeys.OfAdvertisement(ProviderSettings.Mdns)) != "false",
        },
        DrainGracePeriod = TimeSpan.FromSeconds(Number(ProviderSettings.DrainGraceSeconds) ?? 30),
    };

    /// <summary>
    /// A selected channel is served alone, with its table of the file if it has one; otherwise all tables of the file are, in their order.
    /// Selected architectures take the place of each table's.
    /// </summary>
    private List<ServedChannelOptions> Channels()
    {
        IReadOnlyList<string> names = Text(ProviderKeys.SelectedChannel) is { } selected ? [selected] : [.. _file?.ChannelNames ?? []];
        return [.. (names is [] ? [DefaultChannel] : names).Select(Channel)];
    }

    private ServedChannelOptions Channel(string name)
    {
        MachineArch[] selected = Archs(ProviderKeys.SelectedArchs);
        MachineArch[] configured = selected is [] ? Archs(ProviderKeys.OfChannel(name, ProviderSettings.Arch)) : selected;
        return new ServedChannelOptions
        {
            Channel = ReleaseChannelName.Parse(name),
            Archs = configured is [] ? [MachineArch.OfThisMachine] : configured,
            Kernel = Text(ProviderKeys.OfChannel(name, ProviderSettings.Kernel)),
            Initramfs = Text(ProviderKeys.OfChannel(name, ProviderSettings.Initramfs)),
            Rootfs = Text(ProviderKeys.OfChannel(name, ProviderSettings.Rootfs)),
        };
    }

    private MachineArch[] Archs(string path)
    {
        // A list of a lower layer that is longer must not show through, so the items come from the uppermost layer that has any.
        IConfigurationProvider? layer = _merged.Providers.LastOrDefault(provider => provider.TryGet(path, out _) || provider.TryGet(path + ":0", out _));
        if (layer is null)
        {
            return [];
        }

        if (layer.TryGet(path, out string? single))
        {
            return [MachineArch.Parse(single!)];
        }

        var archs = new List<MachineArch>();
        while (layer.TryGet(ConfigurationPath.Combine(path, archs.Count.ToString(CultureInfo.InvariantCulture)), out string? item))
        {
            archs.Add(MachineArch.Parse(item!));
        }

        return [.. archs.Distinct()];
    }

    /// <summary>A relative path in the file is meant from the file's own directory, elsewhere from the working directory.</summary>
    private string? Directory(ProviderSetting setting)
    {
        string path = ProviderKeys.Of(setting);
        IConfigurationProvider? layer = _merged.Providers.LastOrDefault(provider => provider.TryGet(path, out _));
        return layer is not null && layer.TryGet(path, out string? directory)
            ? Path.GetFullPath(directory!, layer is TomlConfigurationProvider ? Path.GetDirectoryName(_file!.FullPath)! : Environment.CurrentDirectory)
            : null;
    }

    private string? Text(string path) => _merged[path];

    private int? Number(ProviderSetting setting) =>
        Text(ProviderKeys.Of(setting)) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    private static ProviderFile? FindFile(ProviderFlags flags, HostSurroundings host)
    {
        string? named = flags.ConfigPath ?? (host.Variable(EnvironmentConfigurationSource.ConfigVariable) is { Length: > 0 } path ? path : null);
        return named is not null ? ProviderFile.Load(named)
            : File.Exists(host.DefaultConfigPath) ? ProviderFile.Load(host.DefaultConfigPath)
            : null;
    }
}
