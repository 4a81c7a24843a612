using System.Net;
using System.Net.Sockets;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Transport.Tcp;

internal sealed class TcpListener(Socket socket) : ITransportListener
{
    private volatile bool _disposed;

    public Multiaddr LocalAddress { get; } = Multiaddr.FromTcp((IPEndPoint)socket.LocalEndPoint!);

    public async ValueTask<IRawConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        while (!_disposed)
        {
            Socket? accepted = null;
            try
            {
                accepted = await socket.AcceptAsync(cancellationToken);
                accepted.NoDelay = true;
                return new TcpConnection(accepted);
            }
            catch (SocketException) when (!_disposed)
            {
                // The peer went away between its SYN and our accept, or descriptors ran out: neither is the listener's end.
                accepted?.Dispose();
            }
            catch (Exception exception) when (_disposed && exception is SocketException or ObjectDisposedException)
            {
                break;
            }
        }
        return null;
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
