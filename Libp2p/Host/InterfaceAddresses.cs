using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Host;

/// <summary>What a wildcard listener (0.0.0.0 or ::) is reachable at: one address per address of an interface that is up.</summary>
public static class InterfaceAddresses
{
    /// <summary>Several listeners' addresses; loopback stands for a wildcard only when no wildcard has anything else.</summary>
    public static IReadOnlyList<Multiaddr> Expand(IEnumerable<Multiaddr> addresses)
    {
        List<Multiaddr> listened = [.. addresses];
        List<Multiaddr> expanded = [.. listened.SelectMany(Expand).Distinct()];
        return expanded.Any(static one => !IsLoopback(one))
            ? [.. expanded.Where(one => !IsLoopback(one) || listened.Contains(one))]
            : expanded;
    }

    /// <summary>
    /// The address itself unless it is a wildcard. Loopback is named only when there is nothing else; link-local never, it needs a
    /// zone.
    /// </summary>
    public static IEnumerable<Multiaddr> Expand(Multiaddr address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.TryGetTcpEndPoint(out IPEndPoint? endPoint)
            || !(endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any)))
        {
            return [address];
        }
        List<IPAddress> own = [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(static one => one.OperationalStatus == OperationalStatus.Up)
            .SelectMany(static one => one.GetIPProperties().UnicastAddresses)
            .Select(static one => one.Address)
            .Where(ip => ip.AddressFamily == endPoint.AddressFamily && !ip.IsIPv6LinkLocal)];
        List<IPAddress> outside = [.. own.Where(static ip => !IPAddress.IsLoopback(ip))];
        return (outside.Count > 0 ? outside : own)
            .Where(static ip => ip.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            .Select(ip => Multiaddr.FromTcp(new IPEndPoint(ip, endPoint.Port)));
    }

    private static bool IsLoopback(Multiaddr address) => address.IpAddress is { } ip && IPAddress.IsLoopback(ip);
}
