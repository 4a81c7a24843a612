using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Gateway.Admission;

/// <summary>Who counts as one client: an IPv4 address, or an IPv6 /64, which one machine may have all addresses of.</summary>
internal readonly record struct ClientKey(ulong Value, bool IsIPv6)
{
    public static ClientKey Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !address.TryWriteBytes(bytes, out int _) ? default
            : address.AddressFamily == AddressFamily.InterNetworkV6
                ? new ClientKey(BinaryPrimitives.ReadUInt64BigEndian(bytes), true)
                : new ClientKey(BinaryPrimitives.ReadUInt32BigEndian(bytes), false);
    }
}
