using System.Net;

namespace PhaseMesh.Gateway.Redirects;

/// <summary>From where an address is reached, as far as the address tells.</summary>
internal enum UrlReach
{
    Nowhere,

    /// <summary>From the machine itself alone: loopback.</summary>
    ItsOwnMachine,

    /// <summary>From its own site or link: a private address.</summary>
    Nearby,

    Everywhere,
}

/// <summary>A URL of a replica, read once for all the clients that may be sent there.</summary>
internal sealed class ReplicaUrl
{
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"),
        IPNetwork.Parse("fc00::/7"),
    ];

    private static readonly IPNetwork[] NobodysNetworks =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("224.0.0.0/3"), IPNetwork.Parse("::/128"),
        IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"),
    ];

    public ReplicaUrl(Uri url)
    {
        Blobs = new Uri(url, "/blobs/").AbsoluteUri;
        IsHttps = url.Scheme == Uri.UriSchemeHttps;
        Address = IPAddress.TryParse(url.DnsSafeHost, out IPAddress? address)
            ? address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address
            : null;
        Reach = Address is null ? ReachOfName(url.Host) : ReachOf(Address);
    }

    /// <summary>Ends in a slash, to be followed by a digest.</summary>
    public string Blobs { get; }

    public bool IsHttps { get; }

    /// <summary>Null: the URL has a name.</summary>
    public IPAddress? Address { get; }

    public UrlReach Reach { get; }

    private static UrlReach ReachOfName(string host) => host == "localhost" ? UrlReach.ItsOwnMachine
        : host.Contains('.', StringComparison.Ordinal) && !host.EndsWith(".local", StringComparison.OrdinalIgnoreCase) ? UrlReach.Everywhere
        : UrlReach.Nowhere;

    private static UrlReach ReachOf(IPAddress address) => IPAddress.IsLoopback(address) ? UrlReach.ItsOwnMachine
        : NobodysNetworks.Any(network => network.Contains(address)) ? UrlReach.Nowhere
        : Private.Any(network => network.Contains(address)) ? UrlReach.Nearby
        : UrlReach.Everywhere;
}
