using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Responding;

namespace PhaseMesh.Mdns.Services;

/// <summary>
/// What one <c>_phase-image._tcp</c> instance says: a channel for one architecture, and where its manifest is. Only a hint where to look:
/// what is fetched there is verified by its signature, never by this record.
/// </summary>
public sealed record PhaseImageService
{
    public const string ServiceType = "_phase-image._tcp";

    /// <summary>UTF-8 bytes of a TXT value; with its key it must fit the 255 of a pair.</summary>
    public const int MaxValueBytes = 200;

    /// <summary>Release channel, such as <c>stable</c>.</summary>
    public required string Channel { get; init; }

    /// <summary>Architecture, such as <c>x86_64</c>.</summary>
    public required string Arch { get; init; }

    /// <summary>Release number, 0 or above; null when the provider does not say.</summary>
    public long? Release { get; init; }

    /// <summary>Absolute URL path of the manifest on the announced port.</summary>
    public required string ManifestPath { get; init; }

    /// <summary>Digest of the manifest, such as <c>sha256:...</c>; null when the provider does not say.</summary>
    public string? ManifestDigest { get; init; }

    /// <summary>The provider's node identity; null when it does not say.</summary>
    public string? PeerId { get; init; }

    /// <summary>Reads a foreign TXT record; keys it does not know are ignored, later versions may add some.</summary>
    /// <param name="problem">Which key broke its rule, for a log.</param>
    public static bool TryParse(
        ServiceText text, [NotNullWhen(true)] out PhaseImageService? service, [NotNullWhen(false)] out string? problem)
    {
        service = null;
        string? channel = text["channel"];
        string? arch = text["arch"];
        string? path = text["path"];
        string? digest = text["digest"];
        string? peer = text["peer"];
        string? releaseText = text["release"];
        long release = 0;
        problem =
            !IsWord(channel, isRequired: true) ? Problem("channel", channel, "a word of printable ASCII")
            : !IsWord(arch, isRequired: true) ? Problem("arch", arch, "a word of printable ASCII")
            : !IsPath(path) ? Problem("path", path, "an absolute path without '..'")
            : !IsWord(digest, isRequired: false) ? Problem("digest", digest, "a word of printable ASCII")
            : !IsWord(peer, isRequired: false) ? Problem("peer", peer, "a word of printable ASCII")
            : releaseText is not null && !long.TryParse(releaseText, NumberStyles.None, CultureInfo.InvariantCulture, out release)
                ? Problem("release", releaseText, "a whole number of 0 or above")
            : null;
        if (problem is not null)
        {
            return false;
        }

        service = new PhaseImageService
        {
            Channel = channel!,
            Arch = arch!,
            Release = releaseText is null ? null : release,
            ManifestPath = path!,
            ManifestDigest = digest,
            PeerId = peer,
        };
        return true;
    }

    /// <exception cref="FormatException">A value breaks the rule that <see cref="TryParse"/> would refuse it by.</exception>
    public ServiceText ToText()
    {
        List<KeyValuePair<string, string?>> pairs = [new("channel", Channel), new("arch", Arch), new("path", ManifestPath)];
        AddUnlessNull("release", Release?.ToString(CultureInfo.InvariantCulture));
        AddUnlessNull("digest", ManifestDigest);
        AddUnlessNull("peer", PeerId);
        ServiceText text = ServiceText.Create(pairs);
        return TryParse(text, out _, out string? problem) ? text : throw new FormatException(problem);

        void AddUnlessNull(string key, string? value)
        {
            if (value is not null)
            {
                pairs.Add(new(key, value));
            }
        }
    }

    /// <exception cref="FormatException">A value breaks its rule.</exception>
    public ServiceRegistration ToRegistration(string instanceName, ushort port) =>
        new() { ServiceType = ServiceType, InstanceName = instanceName, Port = port, Text = ToText() };

    /// <summary>Where the manifest can be had, nearest family first.</summary>
    public IEnumerable<Uri> ManifestUrls(ServiceInstance instance) =>
        instance.Addresses.Select(address => new UriBuilder(Uri.UriSchemeHttp, HostOf(address), instance.Port, ManifestPath).Uri);

    // A link-local address means something only with its interface (RFC 6874).
    private static string HostOf(IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static bool IsWord(string? value, bool isRequired) =>
        value is null ? !isRequired : value.Length is > 0 and <= MaxValueBytes && value.All(c => c is > ' ' and <= '~');

    private static bool IsPath(string? value) =>
        IsWord(value, isRequired: true) && value![0] == '/' && !value.Split('/').Contains("..") && !value.AsSpan().ContainsAny('?', '#', '\\');

    private static string Problem(string key, string? value, string expected) => value is null
        ? $"TXT key '{key}' is missing: expected {expected}; the announcement is ignored."
        : $"TXT key '{key}' is '{value}': expected {expected} of at most {MaxValueBytes} bytes; the announcement is ignored.";
}
