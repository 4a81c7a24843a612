using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace PhaseMesh.Mdns.Network;

/// <summary>
/// The machine's real links: one socket per address family on port 5353, shared with whatever else listens there (RFC 6762 section
/// 15), joined to the group on every usable interface. Interfaces are read again when the kernel reports a change, and every few
/// seconds in case it did not.
/// </summary>
public sealed class UdpMulticastNetwork : IMulticastNetwork
{
    private static readonly TimeSpan RescanInterval = TimeSpan.FromSeconds(5);

    // The kernel tells of an address before the link's state has followed it, which takes up to a second.
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);
    private readonly TimeProvider _time;
    private readonly Func<NetworkLink, bool> _isUsed;
    private readonly Lock _scanGate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<MulticastSocket> _sockets = [];
    private readonly SemaphoreSlim _rescanWanted = new(0, 1);
    private IReadOnlyList<NetworkLink> _links = [];
    private IMulticastReceiver? _receiver;
    private Task _scanning = Task.CompletedTask;

    /// <param name="isUsed">Chooses among the interfaces that are up and support multicast; null uses all but loopback.</param>
    public UdpMulticastNetwork(TimeProvider time, Func<NetworkLink, bool>? isUsed = null)
    {
        _time = time;
        _isUsed = isUsed ?? (_ => true);
    }

    public bool SharesPort { get; private set; }

    public void Start(IMulticastReceiver receiver)
    {
        _receiver = receiver;
        SocketException? failure = null;
        foreach (AddressFamily family in (ReadOnlySpan<AddressFamily>)[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            try
            {
                _sockets.Add(MulticastSocket.Open(family, receiver));
            }
            catch (SocketException exception)
            {
                // A kernel without one of the two families is common; without both there is nothing to do here.
                failure = exception;
                receiver.OnFault($"UDP port {MulticastEndpoints.Port} for {family} cannot be opened ({exception.SocketErrorCode}); links use the other family.");
            }
        }

        if (_sockets.Count == 0)
        {
            throw failure!;
        }

        Scan();
        _sockets.ForEach(socket => socket.StartReceiving(_time));
        NetworkChange.NetworkAddressChanged += OnAddressChanged;
        _scanning = ScanOnChangeAsync(_stop.Token);
    }

    public void SendMulticast(int linkIndex, ReadOnlySpan<byte> datagram)
    {
        foreach (MulticastSocket socket in _sockets)
        {
            socket.SendMulticast(linkIndex, datagram);
        }
    }

    public void SendUnicast(int linkIndex, IPEndPoint destination, ReadOnlySpan<byte> datagram) =>
        _sockets.Find(socket => socket.Family == destination.AddressFamily)?.SendUnicast(destination, datagram);

    public async ValueTask DisposeAsync()
    {
        NetworkChange.NetworkAddressChanged -= OnAddressChanged;
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        await _scanning;
        foreach (MulticastSocket socket in _sockets)
        {
            await socket.DisposeAsync();
        }

        _stop.Dispose();
        _rescanWanted.Dispose();
    }

    private void OnAddressChanged(object? sender, EventArgs change)
    {
        try
        {
            _rescanWanted.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // A scan is already due, or the network has just been closed: either way nothing is lost.
            return;
        }
    }

    private async Task ScanOnChangeAsync(CancellationToken cancellationToken)
    {
        Task change = _rescanWanted.WaitAsync(cancellationToken);
        TimeSpan wait = RescanInterval;
        try
        {
            while (true)
            {
                try
                {
                    await change.WaitAsync(wait, _time, cancellationToken);
                    change = _rescanWanted.WaitAsync(cancellationToken);
                    wait = SettleInterval;
                }
                catch (TimeoutException)
                {
                    wait = RescanInterval;
                }

                Scan();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            _receiver?.OnFault($"Watching the interfaces has ended: {exception.Message} Those in use stay in use.");
            throw;
        }
    }

    private void Scan()
    {
        lock (_scanGate)
        {
            SharesPort = PortSharing.IsShared(_sockets.Count);
            IReadOnlyList<NetworkLink> links;
            try
            {
                links = [.. InterfaceScanner.Scan().Where(_isUsed)];
            }
            catch (NetworkInformationException exception)
            {
                // An interface that vanishes while it is being read; the next scan sees it gone.
                _receiver?.OnFault($"The network interfaces cannot be read ({exception.Message}); the links known before stay in use.");
                return;
            }

            _sockets.ForEach(socket => socket.UseLinks(links));
            if (!links.SequenceEqual(_links))
            {
                _links = links;
                _receiver?.OnLinksChanged(links);
            }
        }
    }
}
