using System.Net;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Forwarding;

namespace PhaseMesh.Gateway.Clients;

/// <summary>Tells by a client's address where it stands: the narrowest configured network that holds it says so.</summary>
internal sealed class ClientSites(LiveOptions options) : IClientSites
{
    private Table _table = new([], []);

    public string? SiteOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? SiteOf(address) : null;

    /// <returns><c>site</c> or <c>site/rack</c>; null when no network holds it.</returns>
    public string? SiteOf(IPAddress address)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach ((IPNetwork network, string place) in Places())
        {
            if (network.Contains(address))
            {
                return place;
            }
        }

        return null;
    }

    private (IPNetwork Network, string Place)[] Places()
    {
        IReadOnlyList<ClientNetwork> networks = options.Current.Networks;
        Table table = Volatile.Read(ref _table);
        if (!ReferenceEquals(table.Of, networks))
        {
            table = new Table(networks,
            [
                .. networks.OrderByDescending(each => each.Network.PrefixLength)
                    .Select(each => (each.Network, each.Rack is null ? each.Site : $"{each.Site}/{each.Rack}")),
            ]);
            Volatile.Write(ref _table, table);
        }

        return table.Places;
    }

    private sealed record Table(IReadOnlyList<ClientNetwork> Of, (IPNetwork Network, string Place)[] Places);
}
