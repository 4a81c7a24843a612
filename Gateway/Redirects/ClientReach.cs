using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using PhaseMesh.Gateway.Clients;

namespace PhaseMesh.Gateway.Redirects;

/// <summary>
/// Whether a client can reach a URL, as far as addresses tell. What the gateway reaches says nothing: it may stand elsewhere.
/// Loopback is the client's own machine; link-local addresses are nobody's; a private address is reached from the same site, by the configured
/// networks, or from the same link of the gateway; a public one, or a name with a dot, from everywhere.
/// </summary>
internal sealed class ClientReach(ClientSites sites, TimeProvider clock, Func<IReadOnlyList<IPNetwork>>? links = null)
{
    private static readonly TimeSpan LinksHold = TimeSpan.FromSeconds(10);

    private readonly Func<IReadOnlyList<IPNetwork>> _readLinks = links ?? LinksOfThisMachine;
    private Links? _links;

    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"),
        IPNetwork.Parse("fc00::/7"),
    ];

    private static readonly IPNetwork[] Nowhere =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("224.0.0.0/3"), IPNetwork.Parse("::/128"),
        IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"),
    ];

    public bool Reaches(IPAddress client, Uri url)
    {
        client = Plain(client);
        if (!IPAddress.TryParse(url.DnsSafeHost, out IPAddress? host))
        {
            return url.Host == "localhost" ? IPAddress.IsLoopback(client)
                : url.Host.Contains('.', StringComparison.Ordinal) && !url.Host.EndsWith(".local", StringComparison.OrdinalIgnoreCase);
        }

        host = Plain(host);
        return IPAddress.IsLoopback(host) ? IPAddress.IsLoopback(client)
            : host.AddressFamily == client.AddressFamily && !Nowhere.Any(network => network.Contains(host))
                && (!Private.Any(network => network.Contains(host)) || AreNear(client, host));
    }

    /// <summary>The networks of this machine's interfaces.</summary>
    private static List<IPNetwork> LinksOfThisMachine()
    {
        List<IPNetwork> found = [];
        foreach (UnicastIPAddressInformation each in NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
            .SelectMany(link => link.GetIPProperties().UnicastAddresses))
        {
            // A link of one address holds no neighbours; one of all holds everybody.
            int bits = each.Address.AddressFamily is AddressFamily.InterNetwork ? 32 : 128;
            if (each.PrefixLength > 0 && each.PrefixLength < bits && !IPAddress.IsLoopback(each.Address))
            {
                found.Add(IPNetwork.Parse($"{new IPAddress(each.Address.GetAddressBytes())}/{each.PrefixLength}"));
            }
        }

        return found;
    }

    private bool AreNear(IPAddress client, IPAddress host) =>
        (sites.SiteOf(client)?.Split('/')[0] is { } site && site == sites.SiteOf(host)?.Split('/')[0])
        || CurrentLinks().Any(link => link.Contains(client) && link.Contains(host));

    private IReadOnlyList<IPNetwork> CurrentLinks()
    {
        Links? known = Volatile.Read(ref _links);
        if (known is null || clock.GetElapsedTime(known.ReadAt) > LinksHold)
        {
            known = new Links(clock.GetTimestamp(), _readLinks());
            Volatile.Write(ref _links, known);
        }

        return known.Networks;
    }

    private sealed record Links(long ReadAt, IReadOnlyList<IPNetwork> Networks);

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
