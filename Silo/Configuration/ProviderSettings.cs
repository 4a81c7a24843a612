using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Configuration;

/// <summary>Every setting there is. docs/cli.md lists the same ones; a test compares them.</summary>
internal static class ProviderSettings
{
    public const string ProviderTable = "provider";
    public const string ChannelsTable = "channels";
    public const string AdvertisementTable = "advertisement";
    public const string DhtTable = "dht";
    public const string ClusterTable = "cluster";
    public const string FleetTable = "fleet";

    /// <summary>Longest grace for downloads in flight: past a day a stop is no longer one.</summary>
    public const int MaxDrainGraceSeconds = 86_400;

    /// <summary>Below, a look-up or two that time out between republishings would make a node that lives disappear.</summary>
    public const int MinRecordLifeSeconds = 120;

    /// <summary>The most a pointer may be ahead of the clock (ManifestPointer.MaxLife): 48 h.</summary>
    public const int MaxRecordLifeSeconds = 172_800;

    /// <summary>Enrolments and new boots of one source address in a minute.</summary>
    public const int MaxFloodLimit = 1_000_000;

    private const int MaxPathLength = 4096;
    private const string PlaceRule = "1 to 48 of a-z, 0-9, '.', '_' and '-'";
    private const string BooleanRule = "true or false";
    private const string PathRule = "a path of 1 to 4096 characters without NUL";
    private const string KeyRule = "a key id (ed25519: and 64 hex digits) or the path of a file with a public key";
    private const string FileRule = "a file name inside the artifacts directory: relative, without '..'";

    public static ConfigurationSetting Enabled { get; } = new("enabled", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_ENABLED");

    public static ConfigurationSetting Port { get; } = new(
        "port", SettingType.WholeNumber, "a TCP port from 0 to 65535 (0: any free one)", IsPort, "PLASM_PORT");

    public static ConfigurationSetting Bind { get; } = new(
        "bind", SettingType.Text, "an IPv4 or IPv6 address of this machine, or localhost", IsAddress, "PLASM_BIND");

    public static ConfigurationSetting ArtifactsDirectory { get; } = new(
        "artifacts_dir", SettingType.Text, PathRule, IsPath, "PLASM_ARTIFACTS_DIR");

    public static ConfigurationSetting StateDirectory { get; } = new("state_dir", SettingType.Text, PathRule, IsPath, "PLASM_STATE_DIR");

    public static ConfigurationSetting DrainGraceSeconds { get; } = new(
        "drain_grace_seconds", SettingType.WholeNumber, $"seconds from 0 to {MaxDrainGraceSeconds}",
        text => IsSeconds(text, 0, MaxDrainGraceSeconds), "PLASM_DRAIN_GRACE_SECONDS");

    public static ConfigurationSetting Trust { get; } = new("trust", SettingType.TextList, KeyRule, IsPath, "PLASM_TRUST");

    public static ConfigurationSetting Dht { get; } = new("dht", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_DHT");

    public static ConfigurationSetting Mdns { get; } = new("mdns", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_MDNS");

    public static ConfigurationSetting Mode { get; } = new(
        "mode", SettingType.Text, "internet, local or private", text => text is "internet" or "local" or "private", "PLASM_MODE");

    public static ConfigurationSetting DhtPort { get; } = new(
        "port", SettingType.WholeNumber, "a TCP port from 0 to 65535 (0: any free one)", IsPort, "PLASM_DHT_PORT");

    public static ConfigurationSetting Bootstrap { get; } = new(
        "bootstrap", SettingType.TextList, PeerAddress.Rule, text => PeerAddress.TryParse(text, out _), "PLASM_BOOTSTRAP");

    public static ConfigurationSetting PeersFile { get; } = new("peers_file", SettingType.Text, PathRule, IsPath, "PLASM_PEERS_FILE");

    public static ConfigurationSetting Announce { get; } = new(
        "announce", SettingType.TextList, AnnouncedAddress.Rule, text => AnnouncedAddress.TryParse(text, out _), "PLASM_DHT_ANNOUNCE");

    public static ConfigurationSetting RecordLifeSeconds { get; } = new(
        "record_life_seconds", SettingType.WholeNumber, $"seconds from {MinRecordLifeSeconds} to {MaxRecordLifeSeconds}",
        text => IsSeconds(text, MinRecordLifeSeconds, MaxRecordLifeSeconds), "PLASM_DHT_RECORD_LIFE_SECONDS");

    public static ConfigurationSetting Database { get; } = new(
        "database", SettingType.Text, ClusterDatabase.Rule, text => ClusterDatabase.TryParse(text, out _), "PLASM_CLUSTER_DATABASE");

    public static ConfigurationSetting SiloName { get; } = new(
        "silo_name", SettingType.Text, "1 to 100 of a-z, A-Z, 0-9, '.', '_' and '-'", IsSiloName, "PLASM_SILO_NAME");

    public static ConfigurationSetting OperatorKeys { get; } = new(
        "operator_keys", SettingType.TextList, KeyRule, IsPath, "PLASM_OPERATOR_KEYS");

    public static ConfigurationSetting OpenReads { get; } = new("open_reads", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_OPEN_READS");

    public static ConfigurationSetting FloodLimit { get; } = new(
        "flood_limit", SettingType.WholeNumber, $"1 to {MaxFloodLimit} calls a minute",
        text => IsSeconds(text, 1, MaxFloodLimit), "PLASM_FLOOD_LIMIT");

    public static ConfigurationSetting FleetUrl { get; } = new(
        "url", SettingType.TextList, "an http or https URL without path, user or query, such as http://silo:8080", IsFleetUrl, "PLASM_FLEET");

    public static ConfigurationSetting FleetToken { get; } = new(
        "token", SettingType.Text, "a join token, pj1- and what follows", text => text.Length <= 128 && text.StartsWith("pj1-", StringComparison.Ordinal),
        "PLASM_FLEET_TOKEN", IsSecret: true);

    public static ConfigurationSetting Site { get; } = new("site", SettingType.Text, PlaceRule, IsPlace, "PLASM_SITE");

    public static ConfigurationSetting Rack { get; } = new("rack", SettingType.Text, PlaceRule, IsPlace, "PLASM_RACK");

    public static ConfigurationSetting Capabilities { get; } = new(
        "capabilities", SettingType.TextList, "1 to 64 of a-z, 0-9, '.', '_' and '-'", text => IsWord(text, 64), "PLASM_CAPABILITIES");

    /// <summary>
    /// Not a key of the file but of one boot. What the boot handed over must not keep a node from serving: it is judged where it is used.
    /// </summary>
    public static ConfigurationSetting BootId { get; } = new("boot_id", SettingType.Text, "a boot's id", _ => true, "PLASM_BOOT_ID");

    /// <inheritdoc cref="BootId"/>
    public static ConfigurationSetting BootTicket { get; } = new("ticket", SettingType.Text, "a boot's ticket", _ => true, "PLASM_BOOT_TICKET");

    /// <inheritdoc cref="BootId"/>
    public static ConfigurationSetting BootTrace { get; } = new("trace", SettingType.Text, PathRule, _ => true, "PLASM_BOOT_TRACE");

    /// <inheritdoc cref="BootId"/>
    public static ConfigurationSetting BootUserSpace { get; } = new(
        "user_space", SettingType.Text, "seconds since the kernel's start", _ => true, "PLASM_BOOT_USER_SPACE");

    public static ConfigurationSetting Arch { get; } = new(
        "arch", SettingType.TextList, MachineArch.Expected, text => MachineArch.TryParse(text, out _), "PLASM_ARCH",
        Canonical: text => MachineArch.Parse(text).ToString());

    /// <summary>Not a key but a table's name in the file; the variable picks one channel to serve.</summary>
    public static ConfigurationSetting Channel { get; } = new(
        "channel", SettingType.Text, ReleaseChannelName.Expected, text => ReleaseChannelName.TryParse(text, out _), "PLASM_CHANNEL");

    public static ConfigurationSetting Kernel { get; } = new("kernel", SettingType.Text, FileRule, IsArtifactFile);

    public static ConfigurationSetting Initramfs { get; } = new("initramfs", SettingType.Text, FileRule, IsArtifactFile);

    public static ConfigurationSetting Rootfs { get; } = new("rootfs", SettingType.Text, FileRule, IsArtifactFile);

    /// <summary>The keys of <c>[provider]</c>.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfProvider { get; } =
        [Enabled, Mode, Port, Bind, ArtifactsDirectory, StateDirectory, DrainGraceSeconds, Trust];

    /// <summary>The keys of <c>[provider.channels.NAME]</c>.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfChannel { get; } = [Arch, Kernel, Initramfs, Rootfs];

    /// <summary>The keys of <c>[provider.advertisement]</c>.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfAdvertisement { get; } = [Dht, Mdns];

    /// <summary>The keys of <c>[provider.dht]</c>.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfDht { get; } = [DhtPort, Bootstrap, PeersFile, Announce, RecordLifeSeconds];

    /// <summary>The keys of <c>[cluster]</c>: those of a silo.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfCluster { get; } = [Database, SiloName, OperatorKeys, OpenReads, FloodLimit];

    /// <summary>The keys of <c>[fleet]</c>: which fleet a provider belongs to.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfFleet { get; } = [FleetUrl, FleetToken, Site, Rack, Capabilities];

    /// <summary>A boot's id, minted by its agent.</summary>
    public static bool IsBootId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Has the letters and length of a boot's ticket; whether it is one, the fleet knows.</summary>
    public static bool IsTicket(string text) =>
        text.Length is > 0 and <= 128 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');

    /// <summary>Seconds as <c>/proc/uptime</c> has them, of less than a year.</summary>
    public static bool IsUptime(string text, out TimeSpan uptime)
    {
        const double Year = 31_536_000;
        bool isUptime = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds < Year;
        uptime = isUptime ? TimeSpan.FromSeconds(seconds) : default;
        return isUptime;
    }

    public static bool IsPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 0 and <= 65535;

    public static bool IsPath(string text) => text.Length is > 0 and <= MaxPathLength && !text.Contains('\0', StringComparison.Ordinal);

    private static bool IsBoolean(string text) => text is "true" or "false";

    private static bool IsAddress(string text) => text == "localhost"
        || (IPAddress.TryParse(text, out IPAddress? address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3)); // "1" would be 0.0.0.1.

    private static bool IsSeconds(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds >= least && seconds <= most;

    public static bool IsFleetUrl(string text) =>
        text.Length <= MaxPathLength && Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
        && url.PathAndQuery == "/" && url.UserInfo.Length == 0 && url.Fragment.Length == 0;

    private static bool IsPlace(string text) => IsWord(text, 48);

    private static bool IsWord(string text, int maxLength) => text.Length > 0 && text.Length <= maxLength
        && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '_' or '-');

    private static bool IsSiloName(string text) =>
        text.Length is > 0 and <= 100 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');

    private static bool IsArtifactFile(string text) =>
        IsPath(text) && !Path.IsPathRooted(text) && !text.Split('/').Any(part => part is "" or "." or "..");
}
