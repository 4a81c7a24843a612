using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Network;

/// <summary>Port 5353 of one address family on all links.</summary>
internal sealed class MulticastSocket : IAsyncDisposable
{
    // RFC 6762 section 11: receivers may insist that a packet crossed no router.
    private const int HopLimit = 255;
    private const int ReceiveBufferBytes = 256 * 1024;
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly IMulticastReceiver _receiver;
    private readonly Lock _sendGate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _group;
    private ImmutableHashSet<int> _joined = [];
    private Task _receiving = Task.CompletedTask;

    private MulticastSocket(Socket socket, IMulticastReceiver receiver)
    {
        _socket = socket;
        _receiver = receiver;
        _group = new IPEndPoint(IsIPv6 ? MulticastEndpoints.GroupIPv6 : MulticastEndpoints.GroupIPv4, MulticastEndpoints.Port);
    }

    public AddressFamily Family => _socket.AddressFamily;

    private bool IsIPv6 => Family == AddressFamily.InterNetworkV6;

    private SocketOptionLevel IpLevel => IsIPv6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;

    /// <exception cref="SocketException">The family is missing, or another program holds the port for itself.</exception>
    public static MulticastSocket Open(AddressFamily family, IMulticastReceiver receiver)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            var opened = new MulticastSocket(socket, receiver);
            LinuxSocketOptions.SharePort(socket);
            socket.ReceiveBufferSize = ReceiveBufferBytes;
            if (opened.IsIPv6)
            {
                socket.DualMode = false;
            }

            socket.Ttl = HopLimit;
            socket.SetSocketOption(opened.IpLevel, SocketOptionName.MulticastTimeToLive, HopLimit);
            socket.SetSocketOption(opened.IpLevel, SocketOptionName.MulticastLoopback, true);
            socket.SetSocketOption(opened.IpLevel, SocketOptionName.PacketInformation, true);
            LinuxSocketOptions.OnlyJoinedGroups(socket);
            socket.Bind(new IPEndPoint(opened.IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, MulticastEndpoints.Port));
            return opened;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }

    public void StartReceiving(TimeProvider time) => _receiving = ReceiveAsync(time, _stop.Token);

    /// <summary>Joins the group on links that are new, forgets those that went.</summary>
    public void UseLinks(IReadOnlyList<NetworkLink> links)
    {
        ImmutableHashSet<int> wanted = [.. links.Where(link => IsIPv6 ? link.HasIPv6 : link.HasIPv4).Select(link => link.Index)];
        ImmutableHashSet<int> joined = _joined;
        foreach (int index in joined.Except(wanted))
        {
            TrySetMembership(index, join: false);
            joined = joined.Remove(index);
        }

        foreach (int index in wanted.Except(joined))
        {
            if (TrySetMembership(index, join: true))
            {
                joined = joined.Add(index);
            }
        }

        _joined = joined;
    }

    public void SendMulticast(int linkIndex, ReadOnlySpan<byte> datagram)
    {
        if (!_joined.Contains(linkIndex))
        {
            return;
        }

        // The interface is a setting of the socket, so choosing it and sending must not be torn apart.
        lock (_sendGate)
        {
            Try($"send on link {linkIndex}", datagram, bytes =>
            {
                _socket.SetSocketOption(IpLevel, SocketOptionName.MulticastInterface, IsIPv6 ? linkIndex : IPAddress.HostToNetworkOrder(linkIndex));
                _socket.SendTo(bytes, _group);
            });
        }
    }

    public void SendUnicast(IPEndPoint destination, ReadOnlySpan<byte> datagram) =>
        Try($"send to {destination}", datagram, bytes => _socket.SendTo(bytes, destination));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ReceiveAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        // One byte more than allowed, so that a larger datagram shows.
        byte[] buffer = new byte[MessageLimits.MaxMessageBytes + 1];
        var from = new IPEndPoint(IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                SocketReceiveMessageFromResult received = await _socket.ReceiveMessageFromAsync(buffer, SocketFlags.None, from, cancellationToken);
                _receiver.OnDatagram(new ReceivedDatagram(
                    received.PacketInformation.Interface,
                    (IPEndPoint)received.RemoteEndPoint,
                    ToMulticast: received.PacketInformation.Address.Equals(_group.Address),
                    buffer.AsMemory(0, received.ReceivedBytes)));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException exception) when (!cancellationToken.IsCancellationRequested)
            {
                // Errors of earlier sends surface here too; the pause keeps a lasting one from spinning.
                _receiver.OnFault($"Receiving on {Family} failed ({exception.SocketErrorCode}); trying again.");
                await Task.Delay(PauseAfterFault, time, CancellationToken.None);
            }
            catch (Exception exception)
            {
                _receiver.OnFault($"Receiving on {Family} has ended: {exception.Message} Nothing more is heard there.");
                throw;
            }
        }
    }

    private bool TrySetMembership(int linkIndex, bool join)
    {
        SocketOptionName name = join ? SocketOptionName.AddMembership : SocketOptionName.DropMembership;
        try
        {
            if (IsIPv6)
            {
                _socket.SetSocketOption(IpLevel, name, new IPv6MulticastOption(_group.Address, linkIndex));
            }
            else
            {
                _socket.SetSocketOption(IpLevel, name, new MulticastOption(_group.Address, linkIndex));
            }

            return true;
        }
        catch (SocketException exception) when (join)
        {
            // The kernel allows a limited number of memberships (net.ipv4.igmp_max_memberships), and interfaces vanish.
            _receiver.OnFault($"Joining {_group.Address} on link {linkIndex} failed ({exception.SocketErrorCode}); the link stays unused until the next scan.");
            return false;
        }
        catch (SocketException)
        {
            // Leaving: the kernel has dropped the membership together with the interface.
            return false;
        }
    }

    private void Try(string what, ReadOnlySpan<byte> datagram, SendBytes send)
    {
        try
        {
            send(datagram);
        }
        catch (SocketException exception)
        {
            // Links go down between a decision and its packet; every message here is repeated by the protocol.
            _receiver.OnFault($"Could not {what} over {Family} ({exception.SocketErrorCode}); the packet is lost.");
        }
    }

    private delegate void SendBytes(ReadOnlySpan<byte> datagram);
}
