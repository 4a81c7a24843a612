using System.Net;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Silo.Advertising.Dht;

/// <summary>Where this node's HTTP server can be reached, as others are told: looked up anew each time, for interfaces come and go.</summary>
/// <param name="configured">Root URLs to tell instead; empty for those of the interfaces.</param>
/// <param name="scope">What is listened on.</param>
/// <param name="port">The port bound.</param>
internal sealed class OwnServers(IReadOnlyList<Uri> configured, ListeningScope scope, int port)
{
    /// <summary>The addresses in a provider record that are left to HTTP.</summary>
    private const int MaxServers = 8;

    public IReadOnlyList<Multiaddr> Addresses => configured.Count > 0
        ? [.. configured.Take(MaxServers).Select(HttpMultiaddr.From)]
        : [.. InterfaceAddresses.Expand(Listened()).Take(MaxServers)
            .Select(address => HttpMultiaddr.From(new Uri($"http://{new IPEndPoint(address.IpAddress!, port)}")))];

    /// <summary>Root URLs.</summary>
    public IEnumerable<Uri> Urls => Addresses.Select(address =>
        HttpMultiaddr.TryGetUrl(address, out Uri? url) ? url : throw new InvalidOperationException($"{address} was made from a URL."));

    private IEnumerable<Multiaddr> Listened() => scope.EndPoints(port).Select(Multiaddr.FromTcp);
}
