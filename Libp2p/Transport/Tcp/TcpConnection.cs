using System.Net;
using System.Net.Sockets;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Transport.Tcp;

internal sealed class TcpConnection(Socket socket) : IByteConnection
{
    public Multiaddr LocalAddress { get; } = Multiaddr.FromTcp((IPEndPoint)socket.LocalEndPoint!);

    public Multiaddr RemoteAddress { get; } = Multiaddr.FromTcp((IPEndPoint)socket.RemoteEndPoint!);

    public Stream Stream { get; } = new NetworkStream(socket, ownsSocket: true);

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
