using System.Net;
using System.Net.Sockets;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Transport.Tcp;

/// <summary>
/// TCP over IPv4 and IPv6: /ip4|ip6/../tcp/port, and /dns|dns4|dns6/name/tcp/port for dialling. Nagle is off: Yamux already gathers
/// small frames, and a held-back window update would stall the sender for a delayed-ACK period.
/// </summary>
public sealed class TcpTransport : ITransport
{
    private const int Backlog = 512;

    public bool Supports(Multiaddr address)
    {
        ArgumentNullException.ThrowIfNull(address);
        IReadOnlyList<MultiaddrComponent> parts = address.WithoutPeer().Components;
        return parts.Count == 2 && parts[0].Protocol.Code is 4 or 41 or 53 or 54 or 55
            && parts[^1].Protocol.Code == MultiaddrProtocol.Tcp.Code;
    }

    public async ValueTask<IRawConnection> DialAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        if (!Supports(address))
        {
            throw new Libp2pException(DropReason.DialFailed, $"{address} is no TCP address; expected /ip4/../tcp/port or alike.");
        }
        if (address.TryGetTcpEndPoint(out IPEndPoint? endPoint))
        {
            return await DialAsync(endPoint, address, cancellationToken);
        }
        MultiaddrComponent name = address.Components[0];
        int port = (address.Components[1].Value.Span[0] << 8) | address.Components[1].Value.Span[1];
        AddressFamily family = name.Protocol.Code switch
        {
            54 => AddressFamily.InterNetwork,
            55 => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        IPAddress[] found;
        try
        {
            found = await Dns.GetHostAddressesAsync(name.ValueText, family, cancellationToken);
        }
        catch (SocketException exception)
        {
            throw new Libp2pException(DropReason.DialFailed, $"The name in {address} did not resolve: {exception.Message}", exception);
        }
        Libp2pException? last = null;
        foreach (IPAddress candidate in found)
        {
            try
            {
                return await DialAsync(new IPEndPoint(candidate, port), address, cancellationToken);
            }
            catch (Libp2pException exception)
            {
                last = exception;
            }
        }
        throw last ?? new Libp2pException(DropReason.DialFailed, $"The name in {address} has no addresses.");
    }

    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.TryGetTcpEndPoint(out IPEndPoint? endPoint))
        {
            throw new ArgumentException(
                $"{address} is no address to listen on; expected /ip4/../tcp/port or /ip6/../tcp/port.", nameof(address));
        }
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false; // One listener, one family: the address it names is the address it serves.
            }
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return ValueTask.FromResult<ITransportListener>(new TcpListener(socket));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<IRawConnection> DialAsync(IPEndPoint endPoint, Multiaddr address, CancellationToken cancellationToken)
    {
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new TcpConnection(socket);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new Libp2pException(DropReason.DialFailed, $"{address} did not answer: {exception.SocketErrorCode}.", exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
