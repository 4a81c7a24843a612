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

    public bool Reaches(IPAddress client, ReplicaUrl url)
    {
        client = Plain(client);
        return url.Reach switch
        {
            UrlReach.Everywhere => url.Address is null || url.Address.AddressFamily == client.AddressFamily,
            UrlReach.ItsOwnMachine => IPAddress.IsLoopback(client),
            UrlReach.Nearby => url.Address!.AddressFamily == client.AddressFamily && AreNear(client, url.Address),
            _ => false,
        };
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
