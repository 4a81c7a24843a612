using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.TestKit.Processes;

public static class LoopbackPort
{
    /// <summary>A TCP port nobody listens on now. Whoever is given it reports an error when someone else was quicker.</summary>
    public static int Free()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
