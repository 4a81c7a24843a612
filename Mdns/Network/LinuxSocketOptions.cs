using System.Net.Sockets;

namespace PhaseMesh.Mdns.Network;

/// <summary>Socket options .NET has no name for; numbers from the Linux headers. Elsewhere the portable option does.</summary>
internal static class LinuxSocketOptions
{
    private const int SolSocket = 1;
    private const int SoReuseAddr = 2;
    private const int SoReusePort = 15;
    private const int IpMulticastAll = 49;
    private const int Ipv6MulticastAll = 29;

    /// <summary>Both, because other daemons set one or the other and the kernel wants a common one (RFC 6762 section 15).</summary>
    public static void SharePort(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (OperatingSystem.IsLinux())
        {
            Set(socket, SolSocket, SoReuseAddr, 1);
            Set(socket, SolSocket, SoReusePort, 1);
        }
    }

    /// <summary>Linux otherwise delivers from every interface that any program has joined.</summary>
    public static void OnlyJoinedGroups(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            bool isIPv6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
            Set(socket, isIPv6 ? (int)SocketOptionLevel.IPv6 : (int)SocketOptionLevel.IP, isIPv6 ? Ipv6MulticastAll : IpMulticastAll, 0);
        }
    }

    private static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, BitConverter.GetBytes(value));
}
