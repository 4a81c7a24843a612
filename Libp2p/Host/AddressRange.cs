using System.Net;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Host;

/// <summary>
/// The network an address belongs to for limits: IPv4 /24, IPv6 /56, which is what one household or rack is commonly given.
/// </summary>
internal readonly record struct AddressRange(ulong Prefix, bool IsIp4)
{
    /// <summary>Null for what is not limited by range: loopback and addresses that are no IP.</summary>
    public static AddressRange? Of(Multiaddr address)
    {
        if (address.IpAddress is not { } ip || IPAddress.IsLoopback(ip))
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[16];
        ip.TryWriteBytes(bytes, out int length);
        int kept = length == 4 ? 3 : 7;
        ulong prefix = 0;
        foreach (byte value in bytes[..kept])
        {
            prefix = (prefix << 8) | value;
        }
        return new AddressRange(prefix, length == 4);
    }
}
