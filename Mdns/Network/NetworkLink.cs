using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Mdns.Network;

/// <summary>An address of an interface and the length of its subnet's prefix in bits.</summary>
public sealed record LinkAddress(IPAddress Address, int PrefixBits)
{
    /// <summary>True when both are of one family and share the prefix.</summary>
    public bool Covers(IPAddress other)
    {
        if (other.AddressFamily != Address.AddressFamily)
        {
            return false;
        }

        Span<byte> mine = stackalloc byte[16];
        Span<byte> theirs = stackalloc byte[16];
        Address.TryWriteBytes(mine, out int length);
        other.TryWriteBytes(theirs, out _);
        int whole = Math.Clamp(PrefixBits, 0, length * 8) / 8;
        int rest = Math.Clamp(PrefixBits, 0, length * 8) % 8;
        return mine[..whole].SequenceEqual(theirs[..whole])
            && (rest == 0 || ((mine[whole] ^ theirs[whole]) >> (8 - rest)) == 0);
    }
}

/// <summary>One network interface as it is now: immutable, replaced when its addresses change.</summary>
/// <param name="Index">The kernel's interface index; also the scope id of link-local IPv6 addresses here.</param>
public sealed record NetworkLink(int Index, string Name, ImmutableArray<LinkAddress> Addresses)
{
    public bool HasIPv4 => Addresses.Any(address => address.Address.AddressFamily == AddressFamily.InterNetwork);

    public bool HasIPv6 => Addresses.Any(address => address.Address.AddressFamily == AddressFamily.InterNetworkV6);

    public bool IsOwn(IPAddress address)
    {
        foreach (LinkAddress own in Addresses)
        {
            if (Unscoped(own.Address).Equals(Unscoped(address)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// RFC 6762 section 11: a source counts as local when it is in one of the interface's subnets, or link-local.
    /// </summary>
    public bool IsOnLink(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6LinkLocal : IsIPv4LinkLocal(address))
        {
            return true;
        }

        foreach (LinkAddress own in Addresses)
        {
            if (own.Covers(address))
            {
                return true;
            }
        }

        return false;
    }

    public bool Equals(NetworkLink? other) =>
        other is not null && Index == other.Index && Name == other.Name && Addresses.SequenceEqual(other.Addresses);

    public override int GetHashCode() => HashCode.Combine(Index, Name, Addresses.Length);

    internal static IPAddress Unscoped(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()) : address;

    private static bool IsIPv4LinkLocal(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        return address.TryWriteBytes(bytes, out _) && bytes[0] == 169 && bytes[1] == 254;
    }
}
