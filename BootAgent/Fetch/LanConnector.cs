using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>The address of a provider is outside every subnet of this machine, which mode local does not leave.</summary>
internal sealed class OffLinkException(string host) : IOException($"{host} is on no link of this machine.");

/// <summary>
/// Opens connections in mode local: to this machine itself and to addresses of its links' own subnets, whatever a command line, a name
/// server or a redirect says.
/// </summary>
/// <param name="links">Null: the machine's own.</param>
internal sealed class LanConnector(Func<IEnumerable<NetworkLink>>? links = null)
{
    private readonly Func<IEnumerable<NetworkLink>> _links = links ?? OwnLinks;

    /// <exception cref="OffLinkException">None of the host's addresses is on a link.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        IPAddress[] known = IPAddress.TryParse(host, out IPAddress? literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(host, cancellationToken);
        NetworkLink[] all = [.. _links()];
        IPAddress[] near = [.. known.Where(address => IPAddress.IsLoopback(address) || all.Any(link => link.IsOnLink(address)))];
        if (near.Length == 0)
        {
            throw new OffLinkException(host);
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(near, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IEnumerable<NetworkLink> OwnLinks() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(face => face.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
        .Select((face, at) => new NetworkLink(at + 1, face.Name,
            [.. face.GetIPProperties().UnicastAddresses.Select(each => new LinkAddress(each.Address, each.PrefixLength))]));
}
