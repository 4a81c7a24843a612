using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace PhaseMesh.Mdns.Network;

/// <summary>The interfaces that are up, support multicast and have an address ready for use.</summary>
internal static class InterfaceScanner
{
    private const string IPv6AddressList = "/proc/net/if_inet6";

    /// <exception cref="NetworkInformationException">The kernel's lists cannot be read.</exception>
    public static IReadOnlyList<NetworkLink> Scan()
    {
        HashSet<IPAddress> unready = UnreadyIPv6Addresses();
        List<NetworkLink> links = [];
        foreach (NetworkInterface face in NetworkInterface.GetAllNetworkInterfaces())
        {
            // Bridges and dummies report an unknown state while they work.
            bool isUp = face.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown;
            if (!isUp || !face.SupportsMulticast || face.NetworkInterfaceType == NetworkInterfaceType.Loopback)
            {
                continue;
            }

            IPInterfaceProperties properties = face.GetIPProperties();
            ImmutableArray<LinkAddress> addresses =
            [
                .. properties.UnicastAddresses
                    .Where(address => !IPAddress.IsLoopback(address.Address) && !unready.Contains(NetworkLink.Unscoped(address.Address)))
                    .Select(address => new LinkAddress(NetworkLink.Unscoped(address.Address), address.PrefixLength))
                    .OrderBy(address => address.Address.ToString(), StringComparer.Ordinal),
            ];
            if (addresses.Length > 0 && IndexOf(properties) is int index)
            {
                links.Add(new NetworkLink(index, face.Name, addresses));
            }
        }

        return [.. links.OrderBy(link => link.Index)];
    }

    /// <summary>Lines of <c>/proc/net/if_inet6</c>: address, index, prefix, scope, flags, name; all but the name in hex.</summary>
    internal static HashSet<IPAddress> UnreadyIPv6Addresses(IEnumerable<string> lines)
    {
        // Still being checked for duplicates, found to be one, or on its way out (linux/if_addr.h).
        const int Tentative = 0x40;
        const int Duplicate = 0x08;
        const int Deprecated = 0x20;
        HashSet<IPAddress> unready = [];
        foreach (string line in lines)
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 6 && fields[0].Length == 32
                && int.TryParse(fields[4], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int flags)
                && (flags & (Tentative | Duplicate | Deprecated)) != 0)
            {
                unready.Add(new IPAddress(Convert.FromHexString(fields[0])));
            }
        }

        return unready;
    }

    private static HashSet<IPAddress> UnreadyIPv6Addresses() =>
        File.Exists(IPv6AddressList) ? UnreadyIPv6Addresses(File.ReadLines(IPv6AddressList)) : [];

    private static int? IndexOf(IPInterfaceProperties properties)
    {
        try
        {
            return properties.GetIPv4Properties().Index;
        }
        catch (NetworkInformationException)
        {
            // IPv4 is off on this interface; the IPv6 side knows the same number.
            return properties.GetIPv6Properties()?.Index;
        }
    }
}
