using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Serving.Toml;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Configuration;

/// <summary>The merged configuration: flags over environment over file over defaults.</summary>
internal sealed class ProviderConfiguration
{
    /// <summary>Served when neither a flag, the environment nor the file names a channel.</summary>
    public const string DefaultChannel = "stable";

    private readonly IConfigurationRoot _merged;
    private readonly ProviderFile? _file;
    private readonly HostSurroundings _host;

    private ProviderConfiguration(
        IConfigurationRoot merged, ProviderFile? file, HostSurroundings host, IReadOnlyList<ConfigurationProblem> problems) =>
        (_merged, _file, _host, Problems) = (merged, file, host, problems);

    /// <summary>All that is wrong in file and environment. When there is anything, nothing else here may be relied on.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; }

    /// <summary>The file that was read, or null when there is none.</summary>
    public string? FilePath => _file?.FullPath;

    public bool Enabled => Text(ProviderKeys.Of(ProviderSettings.Enabled)) != "false";

    /// <summary>Null when nothing names one.</summary>
    public string? ArtifactsDirectory => Directory(ProviderSettings.ArtifactsDirectory);

    /// <summary>Null is every address.</summary>
    public string? Bind => Text(ProviderKeys.Of(ProviderSettings.Bind));

    public int Port => Number(ProviderKeys.Of(ProviderSettings.Port)) ?? 8080;

    public string StateDirectory => Directory(ProviderSettings.StateDirectory) ?? _host.DefaultStateDirectory;

    public ProviderMode Mode => Text(ProviderKeys.Of(ProviderSettings.Mode)) switch
    {
        "local" => ProviderMode.Local,
        "private" => ProviderMode.Private,
        _ => ProviderMode.Internet,
    };

    /// <summary>Those given one by one; the peers file names more.</summary>
    public IReadOnlyList<Multiaddr> Bootstrap =>
        [.. List(ProviderKeys.OfDht(ProviderSettings.Bootstrap)).Values.Select(Multiaddr.Parse)];

    /// <summary>Null when nothing names one.</summary>
    public string? PeersFile => FullPathOf(ProviderKeys.OfDht(ProviderSettings.PeersFile));

    /// <summary>Keys, or paths of files with keys, whose signatures a served release must have; empty is any.</summary>
    public IReadOnlyList<string> Trust => KeysOrFiles(ProviderKeys.Of(ProviderSettings.Trust));

    /// <summary>Null when this is no silo; a file of SQLite with its full path.</summary>
    public string? Database
    {
        get
        {
            string path = ProviderKeys.OfCluster(ProviderSettings.Database);
            return Layer(path) is { } layer && layer.TryGet(path, out string? text) && ClusterDatabase.TryParse(text, out ClusterDatabase? database)
                ? database.IsSqlite ? $"{ClusterDatabase.SqlitePrefix}{FullPath(database.Value, layer)}" : text
                : null;
        }
    }

    /// <summary>Keys, or paths of files with keys, of operators; those the fleet remembers come on top.</summary>
    public IReadOnlyList<string> OperatorKeys => KeysOrFiles(ProviderKeys.OfCluster(ProviderSettings.OperatorKeys));

    /// <summary>The silos of the fleet this provider belongs to; empty: none.</summary>
    public IReadOnlyList<Uri> FleetUrls =>
        [.. List(ProviderKeys.OfFleet(ProviderSettings.FleetUrl)).Values.Select(url => new Uri(url)).Distinct()];

    /// <summary>What is served; call when there are no <see cref="Problems"/>.</summary>
    public IReadOnlyList<ServedChannelOptions> ServedChannels => Channels();

    public static ProviderConfiguration Load(ProviderFlags flags, HostSurroundings host)
    {
        ProviderFile? file = FindFile(flags, host);
        var environment = new EnvironmentConfigurationSource(host.Variable);
        Dictionary<string, string?> given = flags.ToConfiguration();
        List<ConfigurationProblem> problems = [.. file?.Problems ?? []];
        problems.AddRange(environment.Check(path =>
            given.Keys.Any(key => key == path || key.StartsWith(path + ConfigurationPath.KeyDelimiter, StringComparison.Ordinal))));

        var builder = new ConfigurationBuilder();
        if (file?.Document is { } document)
        {
            builder.Add(new TomlConfigurationSource(document));
        }

        builder.Add(environment).Add(new MemoryConfigurationSource { InitialData = given });
        return new ProviderConfiguration(builder.Build(), file, host, problems);
    }

    /// <summary>
    /// What <c>plasmd serve</c> runs with. Call when there are no <see cref="Problems"/> and an artifacts directory is known.
    /// </summary>
    /// <param name="trustedKeys">What <see cref="Trust"/> names.</param>
    /// <param name="peers">What the <see cref="PeersFile"/> names.</param>
    /// <param name="operators">What <see cref="OperatorKeys"/> names.</param>
    public ProviderOptions ToOptions(
        IReadOnlyList<Ed25519PublicKey> trustedKeys, IReadOnlyList<Multiaddr> peers, IReadOnlyList<Ed25519PublicKey>? operators = null) => new()
        {
            Enabled = Enabled,
            Mode = Mode,
            Port = Port,
            Bind = Bind,
            ArtifactsDirectory = ArtifactsDirectory ?? (Database is null
            ? throw new InvalidOperationException("No artifacts directory is configured; check before binding.")
            : StateDirectory),
            StateDirectory = StateDirectory,
            Channels = ArtifactsDirectory is null ? [] : Channels(), // A silo may serve none.
            Cluster = Cluster(operators),
            Fleet = Fleet(),
            Advertisement = new AdvertisementOptions
            {
                Dht = Text(ProviderKeys.OfAdvertisement(ProviderSettings.Dht)) != "false",
                Mdns = Text(ProviderKeys.OfAdvertisement(ProviderSettings.Mdns)) != "false",
            },
            Dht = Dht(peers),
            Catalog = new CatalogOptions { TrustedKeys = trustedKeys },
            DrainGracePeriod = TimeSpan.FromSeconds(Number(ProviderKeys.Of(ProviderSettings.DrainGraceSeconds)) ?? 30),
        };

    private FleetMembershipOptions Fleet() => new()
    {
        Urls = FleetUrls,
        JoinToken = Text(ProviderKeys.OfFleet(ProviderSettings.FleetToken)),
        Site = Text(ProviderKeys.OfFleet(ProviderSettings.Site)),
        Rack = Text(ProviderKeys.OfFleet(ProviderSettings.Rack)),
        Capabilities = [.. List(ProviderKeys.OfFleet(ProviderSettings.Capabilities)).Values.Distinct()],
        BootId = Text(ProviderKeys.BootId) is { } boot && ProviderSettings.IsBootId(boot) ? boot : null,
        BootTicket = Text(ProviderKeys.BootTicket) is { } ticket && ProviderSettings.IsTicket(ticket) ? ticket : null,
        BootTrace = Text(ProviderKeys.BootTrace) is { } trace && ProviderSettings.IsPath(trace) ? FullPathOf(ProviderKeys.BootTrace) : null,
        UserSpaceAt = Text(ProviderKeys.BootUserSpace) is { } text && ProviderSettings.IsUptime(text, out TimeSpan at) ? at : null,
    };

    private ClusterOptions? Cluster(IReadOnlyList<Ed25519PublicKey>? operators)
    {
        if (Database is not { } database)
        {
            return null;
        }

        ClusterOptions defaults = new() { Database = database };
        return new ClusterOptions
        {
            Database = database,
            SiloName = Text(ProviderKeys.OfCluster(ProviderSettings.SiloName)) ?? defaults.SiloName,
            OperatorKeys = operators ?? [],
            OpenReads = Text(ProviderKeys.OfCluster(ProviderSettings.OpenReads)) != "false",
            FloodLimit = Number(ProviderKeys.OfCluster(ProviderSettings.FloodLimit)) ?? defaults.FloodLimit,
        };
    }

    private IReadOnlyList<string> KeysOrFiles(string path)
    {
        (IReadOnlyList<string> keys, IConfigurationProvider? layer) = List(path);
        return [.. keys.Select(key => Ed25519PublicKey.TryParse(key, out _) ? key : FullPath(key, layer))];
    }

    private DhtOptions Dht(IReadOnlyList<Multiaddr> peers)
    {
        List<AnnouncedAddress> announced = [.. List(ProviderKeys.OfDht(ProviderSettings.Announce)).Values.Select(AnnouncedAddress.Parse)];
        DhtOptions defaults = new();
        return new DhtOptions
        {
            Port = Number(ProviderKeys.OfDht(ProviderSettings.DhtPort)) ?? defaults.Port,
            Bootstrap = [.. Bootstrap.Concat(peers).Distinct()],
            AnnouncedPeerAddresses = [.. announced.Select(one => one.Peer).OfType<Multiaddr>().Distinct()],
            AnnouncedServers = [.. announced.Select(one => one.Server).OfType<Uri>().Distinct()],
            RecordLife = Number(ProviderKeys.OfDht(ProviderSettings.RecordLifeSeconds)) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : defaults.RecordLife,
        };
    }

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

    private MachineArch[] Archs(string path) => [.. List(path).Values.Select(MachineArch.Parse).Distinct()];

    /// <summary>
    /// A list, or one value where a list may be. The items come from the uppermost layer that has any: a longer list below it must not
    /// show through.
    /// </summary>
    private (IReadOnlyList<string> Values, IConfigurationProvider? Layer) List(string path)
    {
        if (Layer(path) is not { } layer)
        {
            return ([], null);
        }

        var values = new List<string>();
        while (layer.TryGet(ConfigurationPath.Combine(path, values.Count.ToString(CultureInfo.InvariantCulture)), out string? item))
        {
            values.Add(item!);
        }

        return (values is [] && layer.TryGet(path, out string? single) ? [single!] : values, layer);
    }

    private string? Directory(ConfigurationSetting setting) => FullPathOf(ProviderKeys.Of(setting));

    private string? FullPathOf(string path) =>
        Layer(path) is { } layer && layer.TryGet(path, out string? file) ? FullPath(file!, layer) : null;

    /// <summary>A relative path in the file is meant from the file's own directory, elsewhere from the working directory.</summary>
    private string FullPath(string path, IConfigurationProvider? layer) =>
        Path.GetFullPath(path, layer is TomlConfigurationProvider ? Path.GetDirectoryName(_file!.FullPath)! : Environment.CurrentDirectory);

    private IConfigurationProvider? Layer(string path) =>
        _merged.Providers.LastOrDefault(provider =>
            provider.TryGet(path, out _) || provider.TryGet(ConfigurationPath.Combine(path, "0"), out _));

    private string? Text(string path) => _merged[path];

    private int? Number(string path) =>
        Text(path) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    private static ProviderFile? FindFile(ProviderFlags flags, HostSurroundings host)
    {
        string? named = flags.ConfigPath
            ?? (host.Variable(EnvironmentConfigurationSource.ConfigVariable) is { Length: > 0 } path ? path : null);
        return named is not null ? ProviderFile.Load(named)
            : File.Exists(host.DefaultConfigPath) ? ProviderFile.Load(host.DefaultConfigPath)
            : null;
    }
}
