using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.TestKit.Processes;

/// <summary>
/// Ports for programs that are told which to listen on. They lie below those that systems give to outgoing connections, one of which would
/// else take a port between the look and its use, and none is given twice.
/// </summary>
public static class LoopbackPort
{
    private const int First = 10_000;
    private const int Count = 20_000;

    private static int _next = Random.Shared.Next(Count);

    /// <summary>A TCP port nobody listens on now, neither on loopback nor elsewhere.</summary>
    /// <exception cref="InvalidOperationException">All are taken.</exception>
    public static int Free()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // The next one, then.
            }
        }

        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free.");
    }
}
