using System.Globalization;
using System.Net;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Serving.Configuration;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>Every setting with its rule; docs/gateway.md and deploy/gateway.toml list them, which tests compare.</summary>
internal static class GatewaySettings
{
    public const string GatewayTable = "gateway";
    public const string TlsTable = "tls";
    public const string RedirectTable = "redirect";
    public const string ProviderTable = "provider";
    public const string SiteTable = "site";
    public const long MinMemoryBytes = 16L << 20;

    private const string BaseUrlRule = "http(s)://HOST[:PORT] and nothing behind it";
    private const string NetworkRule = "a network such as 10.1.0.0/16 or fd00:1::/32, without bits behind the prefix";
    private const string PlaceRule = "1 to 48 of a-z, 0-9, '.', '_' and '-'";

    public static GatewaySetting Config { get; } = new(
        "config", "FILE", "The configuration file. Default: /etc/plasm/gateway.toml, if it is there.", "a path", IsPath, Table: "",
        NeedsRestart: true);

    public static GatewaySetting Provider { get; } = new(
        "provider", "URL", "A provider to serve from; may be repeated.", BaseUrlRule, IsBaseUrl, SettingType.TextList, Table: "");

    public static GatewaySetting Silo { get; } = new(
        "silo", "URL", "A silo that knows the fleet; may be repeated.", BaseUrlRule, IsBaseUrl, SettingType.TextList, Key: "silos");

    public static GatewaySetting Trust { get; } = new(
        "trust", "KEY", "A key whose signature on a release counts, or a file with one; may be repeated.",
        $"{Ed25519PublicKey.Expected}, or a file with one", text => TryReadKey(text, out _), SettingType.TextList, IsPath: true,
        NeedsRestart: true);

    public static GatewaySetting Port { get; } = new(
        "port", "N", "The TCP port; 0 is any free one. Default: 8081.", "0 to 65535", text => IsWithin(text, 0, ushort.MaxValue),
        SettingType.WholeNumber, NeedsRestart: true);

    public static GatewaySetting Bind { get; } = new(
        "bind", "ADDRESS", "The address to listen on. Default: every one.", "an IP address or localhost",
        text => text == "localhost" || IPAddress.TryParse(text, out _), NeedsRestart: true);

    public static GatewaySetting Memory { get; } = new(
        "memory", "SIZE", "Memory for chunks. Default: 512MiB.", "16MiB or more, in bytes, KiB, MiB or GiB",
        text => ByteSize.TryParse(text, out long bytes) && bytes >= MinMemoryBytes, SettingType.Size, NeedsRestart: true);

    public static GatewaySetting CacheDirectory { get; } = new(
        "cache-dir", "DIR", "Keep verified chunks here as well. Default: in memory only.", "a path", IsPath, IsPath: true,
        NeedsRestart: true);

    public static GatewaySetting CacheSize { get; } = new(
        "cache-size", "SIZE", "Room for chunks in the cache directory. Default: 16GiB.", "1MiB or more, in bytes, KiB, MiB or GiB",
        text => ByteSize.TryParse(text, out long bytes) && bytes >= 1 << 20, SettingType.Size, NeedsRestart: true);

    public static GatewaySetting StateDirectory { get; } = new(
        "state-dir", "DIR", "Where the last snapshot is kept. Default: $STATE_DIRECTORY, /var/lib/phase-gateway as root, else below "
        + "$XDG_STATE_HOME.", "a path", IsPath, IsPath: true, NeedsRestart: true);

    public static GatewaySetting Channel { get; } = new(
        "channel", "NAME", "The channel of paths without one. Default: stable.", ReleaseChannelName.Expected,
        text => ReleaseChannelName.TryParse(text, out _), NeedsRestart: true);

    public static GatewaySetting Arch { get; } = new(
        "arch", "ARCH", "The architecture of paths without one. Default: x86_64.", MachineArch.Expected,
        text => MachineArch.TryParse(text, out _), NeedsRestart: true);

    public static GatewaySetting DrainGrace { get; } = new(
        "drain-grace-seconds", "N", "How long downloads may go on after SIGTERM. Default: 30.", "0 to 86400",
        text => IsWithin(text, 0, 86_400), SettingType.WholeNumber);

    public static GatewaySetting TrustedProxy { get; } = new(
        "trusted-proxy", "NETWORK", "A network whose X-Forwarded-For is believed; may be repeated. Default: none.", NetworkRule, IsNetwork,
        SettingType.TextList, Key: "trusted_proxies");

    public static GatewaySetting MaxStreams { get; } = Streams(
        "max-streams", "Downloads at once. Default: one for every 256KiB of memory, 256 to 4096.", 8);

    public static GatewaySetting MaxStreamsPerSite { get; } = Streams(
        "max-streams-per-site", "Downloads of one site's clients at once. Default: no limit of its own.", 1);

    public static GatewaySetting MaxStreamsPerClient { get; } = Streams(
        "max-streams-per-client", "Downloads of one client at once. Default: a quarter of all.", 1);

    public static GatewaySetting MaxWaiting { get; } = Streams(
        "max-waiting", "Requests that wait for a download to end. Default: four times as many as may go on.", 0);

    public static GatewaySetting MaxWait { get; } = new(
        "max-wait-seconds", "N", "How long they wait before they are told to come back. Default: 4.", "0 to 60",
        text => IsWithin(text, 0, 60), SettingType.WholeNumber);

    public static GatewaySetting MaxRate { get; } = Rate("max-rate", "Bytes a second in all. Default: no limit.");

    public static GatewaySetting MaxRatePerSite { get; } = Rate(
        "max-rate-per-site", "Bytes a second to one site's clients. Default: no limit.");

    public static GatewaySetting MaxRatePerClient { get; } = Rate(
        "max-rate-per-client", "Bytes a second to one client. Default: no limit.");

    public static GatewaySetting TlsCertificate { get; } = new(
        "tls-certificate", "FILE", "A PEM file with the certificate and its chain: HTTPS is served as well. Default: HTTP alone.", "a path",
        IsPath, Table: TlsTable, Key: "certificate", IsPath: true);

    public static GatewaySetting TlsKey { get; } = new(
        "tls-key", "FILE", "A PEM file with the certificate's private key.", "a path", IsPath, Table: TlsTable, Key: "key", IsPath: true);

    public static GatewaySetting TlsPort { get; } = new(
        "tls-port", "N", "The TCP port for HTTPS; 0 is any free one. Default: 8443.", "0 to 65535",
        text => IsWithin(text, 0, ushort.MaxValue), SettingType.WholeNumber, Table: TlsTable, Key: "port", NeedsRestart: true);

    public static GatewaySetting Redirect { get; } = new(
        "redirect", "BOOL", "Send every client to a replica that it can reach, by 307. Default: false.", "true or false",
        text => text is "true" or "false", SettingType.Boolean, Table: RedirectTable, Key: "everyone");

    public static GatewaySetting RedirectSite { get; } = new(
        "redirect-site", "SITE", "Redirect clients at this site; may be repeated.", PlaceRule, IsPlace, SettingType.TextList,
        Table: RedirectTable, Key: "sites");

    public static GatewaySetting RedirectClient { get; } = new(
        "redirect-client", "NETWORK", "Redirect clients in this network; may be repeated.", NetworkRule, IsNetwork, SettingType.TextList,
        Table: RedirectTable, Key: "clients");

    public static IReadOnlyList<GatewaySetting> All { get; } =
    [
        Config, Provider, Silo, Trust, Port, Bind, Memory, CacheDirectory, CacheSize, StateDirectory, Channel, Arch, DrainGrace,
        TrustedProxy,
        MaxStreams, MaxStreamsPerSite, MaxStreamsPerClient, MaxWaiting, MaxWait, MaxRate, MaxRatePerSite, MaxRatePerClient,
        TlsCertificate, TlsKey, TlsPort, Redirect, RedirectSite, RedirectClient,
    ];

    public static ConfigurationSetting ProviderUrl { get; } = new("url", SettingType.Text, BaseUrlRule, IsBaseUrl);

    public static ConfigurationSetting Site { get; } = new("site", SettingType.Text, PlaceRule, IsPlace);

    public static ConfigurationSetting Rack { get; } = new("rack", SettingType.Text, PlaceRule, IsPlace);

    public static ConfigurationSetting Weight { get; } = new("weight", SettingType.Number, "0 to 100", IsWeight);

    public static ConfigurationSetting SiteName { get; } = new("name", SettingType.Text, PlaceRule, IsPlace);

    public static ConfigurationSetting Networks { get; } = new("cidr", SettingType.TextList, NetworkRule, IsNetwork);

    /// <summary>The keys of each <c>[[provider]]</c>.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfProvider { get; } = [ProviderUrl, Site, Rack, Weight];

    /// <summary>The keys of each <c>[[site]]</c>.</summary>
    public static IReadOnlyList<ConfigurationSetting> OfSite { get; } = [SiteName, Rack, Networks];

    /// <summary>A key, or a file that holds one.</summary>
    public static bool TryReadKey(string text, out Ed25519PublicKey key)
    {
        if (Ed25519PublicKey.TryParse(text, out key))
        {
            return true;
        }

        const int MaxKeyFileBytes = 16 << 10;
        try
        {
            using FileStream file = File.OpenRead(text);
            byte[] content = new byte[MaxKeyFileBytes];
            int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return Ed25519PublicKey.TryParse(System.Text.Encoding.Latin1.GetString(content, 0, length), out key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false; // Neither a key nor a file that can be read: the setting's rule says what was expected.
        }
    }

    private static GatewaySetting Streams(string flag, string description, int least) => new(
        flag, "N", description, $"{least} to 1000000", text => IsWithin(text, least, 1_000_000), SettingType.WholeNumber);

    private static GatewaySetting Rate(string flag, string description) => new(
        flag, "SIZE", description, "64KiB or more, in bytes, KiB, MiB or GiB a second",
        text => ByteSize.TryParse(text, out long bytes) && bytes >= 64 << 10, SettingType.Size);

    private static bool IsBaseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && url.Host.Length > 0
        && url is { PathAndQuery: "/", UserInfo: "", Fragment: "" };

    private static bool IsNetwork(string text) => IPNetwork.TryParse(text, out IPNetwork network)
        && IPAddress.TryParse(text.AsSpan(0, text.IndexOf('/')), out IPAddress? address) && network.BaseAddress.Equals(address);

    private static bool IsPlace(string text) =>
        text.Length is > 0 and <= 48 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-');

    private static bool IsWeight(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) && weight is >= 0 and <= 100;

    private static bool IsPath(string text) => text.Length > 0 && !text.Contains('\0');

    private static bool IsWithin(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most;
}
