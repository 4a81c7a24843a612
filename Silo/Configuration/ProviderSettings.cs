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

    /// <summary>Longest grace for downloads in flight: past a day a stop is no longer one.</summary>
    public const int MaxDrainGraceSeconds = 86_400;

    private const int MaxPathLength = 4096;
    private const string BooleanRule = "true or false";
    private const string PathRule = "a path of 1 to 4096 characters without NUL";
    private const string KeyRule = "a key id (ed25519: and 64 hex digits) or the path of a file with a public key";
    private const string FileRule = "a file name inside the artifacts directory: relative, without '..'";

    public static ProviderSetting Enabled { get; } = new("enabled", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_ENABLED");

    public static ProviderSetting Port { get; } = new(
        "port", SettingType.Integer, "a TCP port from 0 to 65535 (0: any free one)", IsPort, "PLASM_PORT");

    public static ProviderSetting Bind { get; } = new(
        "bind", SettingType.Text, "an IPv4 or IPv6 address of this machine, or localhost", IsAddress, "PLASM_BIND");

    public static ProviderSetting ArtifactsDirectory { get; } = new(
        "artifacts_dir", SettingType.Text, PathRule, IsPath, "PLASM_ARTIFACTS_DIR");

    public static ProviderSetting StateDirectory { get; } = new("state_dir", SettingType.Text, PathRule, IsPath, "PLASM_STATE_DIR");

    public static ProviderSetting DrainGraceSeconds { get; } = new(
        "drain_grace_seconds", SettingType.Integer, $"seconds from 0 to {MaxDrainGraceSeconds}", IsGrace, "PLASM_DRAIN_GRACE_SECONDS");

    public static ProviderSetting Trust { get; } = new("trust", SettingType.TextList, KeyRule, IsPath, "PLASM_TRUST");

    public static ProviderSetting Dht { get; } = new("dht", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_DHT");

    public static ProviderSetting Mdns { get; } = new("mdns", SettingType.Boolean, BooleanRule, IsBoolean, "PLASM_MDNS");

    public static ProviderSetting Arch { get; } = new(
        "arch", SettingType.TextList, MachineArch.Expected, text => MachineArch.TryParse(text, out _), "PLASM_ARCH");

    /// <summary>Not a key but a table's name in the file; the variable picks one channel to serve.</summary>
    public static ProviderSetting Channel { get; } = new(
        "channel", SettingType.Text, ReleaseChannelName.Expected, text => ReleaseChannelName.TryParse(text, out _), "PLASM_CHANNEL");

    public static ProviderSetting Kernel { get; } = new("kernel", SettingType.Text, FileRule, IsArtifactFile);

    public static ProviderSetting Initramfs { get; } = new("initramfs", SettingType.Text, FileRule, IsArtifactFile);

    public static ProviderSetting Rootfs { get; } = new("rootfs", SettingType.Text, FileRule, IsArtifactFile);

    /// <summary>The keys of <c>[provider]</c>.</summary>
    public static IReadOnlyList<ProviderSetting> OfProvider { get; } =
        [Enabled, Port, Bind, ArtifactsDirectory, StateDirectory, DrainGraceSeconds, Trust];

    /// <summary>The keys of <c>[provider.channels.NAME]</c>.</summary>
    public static IReadOnlyList<ProviderSetting> OfChannel { get; } = [Arch, Kernel, Initramfs, Rootfs];

    /// <summary>The keys of <c>[provider.advertisement]</c>.</summary>
    public static IReadOnlyList<ProviderSetting> OfAdvertisement { get; } = [Dht, Mdns];

    public static bool IsPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 0 and <= 65535;

    public static bool IsPath(string text) => text.Length is > 0 and <= MaxPathLength && !text.Contains('\0', StringComparison.Ordinal);

    private static bool IsBoolean(string text) => text is "true" or "false";

    private static bool IsAddress(string text) => text == "localhost"
        || (IPAddress.TryParse(text, out IPAddress? address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3)); // "1" would be 0.0.0.1.

    private static bool IsGrace(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is >= 0 and <= MaxDrainGraceSeconds;

    private static bool IsArtifactFile(string text) =>
        IsPath(text) && !Path.IsPathRooted(text) && !text.Split('/').Any(part => part is "" or "." or "..");
}
