using System.Globalization;
using System.Net;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>Every setting with its rule; docs/gateway.md lists them, which a test compares.</summary>
internal static class GatewaySettings
{
    public const long MinMemoryBytes = 16L << 20;

    public static GatewaySetting Provider { get; } = new(
        "provider", "URL", "A provider to serve from; may be repeated.", "http(s)://HOST[:PORT] and nothing behind it", IsBaseUrl, true);

    public static GatewaySetting Silo { get; } = new(
        "silo", "URL", "A silo that knows the fleet; may be repeated.", "http(s)://HOST[:PORT] and nothing behind it", IsBaseUrl, true);

    public static GatewaySetting Trust { get; } = new(
        "trust", "KEY", "A key whose signature on a release counts, or a file with one; may be repeated.",
        $"{Ed25519PublicKey.Expected}, or a file with one", text => TryReadKey(text, out _), true);

    public static GatewaySetting Port { get; } = new(
        "port", "N", "The TCP port; 0 is any free one. Default: 8081.", "0 to 65535", text => IsWithin(text, 0, ushort.MaxValue));

    public static GatewaySetting Bind { get; } = new(
        "bind", "ADDRESS", "The address to listen on. Default: every one.", "an IP address or localhost",
        text => text == "localhost" || IPAddress.TryParse(text, out _));

    public static GatewaySetting Memory { get; } = new(
        "memory", "SIZE", "Memory for chunks. Default: 512MiB.", "16MiB or more, in bytes, KiB, MiB or GiB",
        text => ByteSize.TryParse(text, out long bytes) && bytes >= MinMemoryBytes);

    public static GatewaySetting CacheDirectory { get; } = new(
        "cache-dir", "DIR", "Keep verified chunks here as well. Default: in memory only.", "a path", IsPath);

    public static GatewaySetting CacheSize { get; } = new(
        "cache-size", "SIZE", "Room for chunks in the cache directory. Default: 16GiB.", "1MiB or more, in bytes, KiB, MiB or GiB",
        text => ByteSize.TryParse(text, out long bytes) && bytes >= 1 << 20);

    public static GatewaySetting StateDirectory { get; } = new(
        "state-dir", "DIR", "Where the last snapshot is kept. Default: $STATE_DIRECTORY, /var/lib/phase-gateway as root, else below "
        + "$XDG_STATE_HOME.", "a path", IsPath);

    public static GatewaySetting Channel { get; } = new(
        "channel", "NAME", "The channel of paths without one. Default: stable.", ReleaseChannelName.Expected,
        text => ReleaseChannelName.TryParse(text, out _));

    public static GatewaySetting Arch { get; } = new(
        "arch", "ARCH", "The architecture of paths without one. Default: x86_64.", MachineArch.Expected,
        text => MachineArch.TryParse(text, out _));

    public static GatewaySetting DrainGrace { get; } = new(
        "drain-grace-seconds", "N", "How long downloads may go on after SIGTERM. Default: 30.", "0 to 86400",
        text => IsWithin(text, 0, 86_400));

    public static IReadOnlyList<GatewaySetting> All { get; } =
        [Provider, Silo, Trust, Port, Bind, Memory, CacheDirectory, CacheSize, StateDirectory, Channel, Arch, DrainGrace];

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

    private static bool IsBaseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && url.Host.Length > 0
        && url is { PathAndQuery: "/", UserInfo: "", Fragment: "" };

    private static bool IsPath(string text) => text.Length > 0 && !text.Contains('\0');

    private static bool IsWithin(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most;
}
