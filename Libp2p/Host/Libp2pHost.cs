using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Ping;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Host;

/// <summary>
/// A libp2p node: listens, dials, authenticates peers, speaks identify and ping, and carries the protocols that others register.
/// </summary>
public sealed partial class Libp2pHost : IAsyncDisposable
{
    /// <summary>Half of what others remember of a peer, so that neither kind of address crowds out the other.</summary>
    private const int MaxServiceAddresses = PeerBook.MaxAddressesPerPeer / 2;

    private readonly HostOptions _options;
    private readonly ILogger _logger;
    private readonly ProtocolRegistry _registry = new();
    private readonly ConnectionTable _table;
    private readonly ConnectionUpgrader _upgrader;
    private readonly Dialer _dialer;
    private readonly IdentifyService _identify;
    private readonly PingService _ping;
    private readonly CancellationTokenSource _stopping = new();
    private readonly BackgroundTasks _tasks;
    private readonly List<ITransportListener> _listeners = [];

    private Libp2pHost(HostOptions options)
    {
        _options = options;
        _logger = options.LoggerFactory.CreateLogger("PhaseMesh.Libp2p.Host");
        _tasks = new BackgroundTasks(_logger, _stopping.Token);
        _table = new ConnectionTable(options.Limits, options.TimeProvider);
        _upgrader = new ConnectionUpgrader(options.Identity);
        Peers = new PeerBook(options.Limits.MaxKnownPeers, options.TimeProvider);
        _dialer = new Dialer(options, _upgrader, _table, Peers, YamuxFor,
            connection => Adopt(connection, isInbound: false, range: null), _stopping.Token);
        _identify = new IdentifyService(this, options);
        _ping = new PingService(this, options.TimeProvider);
        _registry.Changed += PushIdentify;
    }

    /// <summary>Raised when a peer said what it speaks and where it listens: after its connection, and again when that changes.</summary>
    public event Action<PeerConnection, IdentifyInfo>? PeerIdentified;

    /// <summary>Raised when the last connection to a peer has ended.</summary>
    public event Action<PeerId>? PeerDisconnected;

    public PeerId LocalPeer => _options.Identity.PeerId;

    public PeerBook Peers { get; }

    /// <summary>
    /// Addresses told to others, without the peer id: where they can dial this host, then <see cref="HostOptions.ServiceAddresses"/>. A
    /// wildcard listener is named by the addresses of the interfaces, as they were at start or at the last <see cref="RefreshAddresses"/>.
    /// </summary>
    public ImmutableArray<Multiaddr> Addresses { get; private set; } = [];

    public ImmutableArray<string> Protocols => _registry.Protocols;

    public IReadOnlyList<PeerConnection> Connections => _table.All;

    /// <summary>Starts listening; a listen address that cannot be bound throws and leaves nothing behind.</summary>
    public static async Task<Libp2pHost> StartAsync(HostOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Libp2pHost host = new(options);
        try
        {
            foreach (Multiaddr address in options.ListenAddresses)
            {
                ITransport transport = options.Transports.FirstOrDefault(candidate => candidate.Supports(address))
                    ?? throw new ArgumentException($"No transport of this host listens on {address}.", nameof(options));
                host._listeners.Add(await transport.ListenAsync(address, cancellationToken));
            }
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
        host.Addresses = host.CurrentAddresses();
        foreach (ITransportListener listener in host._listeners)
        {
            host._tasks.Run($"listener {listener.LocalAddress}", () => host.AcceptAsync(listener));
        }
        return host;
    }

    /// <summary>Looks again where this host can be reached, as interfaces come and go; connected peers are told what has changed.</summary>
    public void RefreshAddresses()
    {
        ImmutableArray<Multiaddr> current = CurrentAddresses();
        if (!current.SequenceEqual(Addresses))
        {
            Addresses = current;
            PushIdentify();
        }
    }

    /// <summary>Serves a protocol. Peers are told at once.</summary>
    /// <exception cref="InvalidOperationException">The protocol is served already.</exception>
    public void Handle(string protocol, StreamHandler handler, int maxStreamsPerConnection = 256) =>
        _registry.Add(protocol, new ProtocolRegistry.Registration(handler, maxStreamsPerConnection));

    /// <summary>Stops serving a protocol; streams already open go on.</summary>
    public void StopHandling(string protocol) => _registry.Remove(protocol);

    /// <summary>The connection to the peer, dialled at its known addresses if there is none yet.</summary>
    /// <exception cref="Libp2pException">It could not be reached, or failed recently (<see cref="DropReason.DialBackOff"/>).</exception>
    public Task<PeerConnection> ConnectAsync(PeerId peer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        return peer == LocalPeer
            ? throw new Libp2pException(DropReason.DialFailed, "A host does not dial itself.")
            : _dialer.DialAsync(peer, ignoreBackOff: false, cancellationToken);
    }

    /// <summary>Connects to an address; with /p2p/... at its end only to that peer. An operator's wish: back-off does not apply.</summary>
    public Task<PeerConnection> ConnectAsync(Multiaddr address, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        if (address.Peer is not { } peer)
        {
            return _dialer.DialAsync(address, cancellationToken);
        }
        Peers.AddAddresses(peer, [address]);
        return _dialer.DialAsync(peer, ignoreBackOff: true, cancellationToken);
    }

    /// <summary>Connects if need be and opens a stream in the first of the protocols that the peer speaks.</summary>
    public async Task<ProtocolStream> OpenStreamAsync(
        PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellationToken = default)
    {
        PeerConnection connection = await ConnectAsync(peer, cancellationToken);
        return await connection.OpenStreamAsync(protocols, cancellationToken);
    }

    /// <summary>The round trip to a peer.</summary>
    public async Task<TimeSpan> PingAsync(PeerId peer, CancellationToken cancellationToken = default) =>
        await _ping.PingAsync(await ConnectAsync(peer, cancellationToken), cancellationToken);

    /// <summary>Whether there is a live connection to the peer.</summary>
    public bool IsConnected(PeerId peer) => _table.Find(peer) is not null;

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }
        _registry.Changed -= PushIdentify;
        await _stopping.CancelAsync();
        foreach (ITransportListener listener in _listeners)
        {
            await listener.DisposeAsync();
        }
        await Task.WhenAll(_table.All.Select(static connection => connection.DisposeAsync().AsTask()));
        await _tasks.DisposeAsync();
    }

    internal void Learn(PeerConnection connection, IdentifyInfo info)
    {
        Peers.Identified(connection.RemotePeer, info.ListenAddresses, info.Protocols);
        connection.SetIdentified(info);
        PeerIdentified?.Invoke(connection, info);
    }

    private ImmutableArray<Multiaddr> CurrentAddresses()
    {
        ImmutableArray<Multiaddr> services = [.. _options.ServiceAddresses().Take(MaxServiceAddresses)];
        IEnumerable<Multiaddr> own = _options.AnnouncedAddresses.Count > 0
            ? _options.AnnouncedAddresses
            : InterfaceAddresses.Expand(_listeners.Select(static listener => listener.LocalAddress));
        return [.. own.Take(PeerBook.MaxAddressesPerPeer - services.Length), .. services];
    }

    private YamuxOptions YamuxFor(PeerId peer) =>
        _options.Yamux with { Quota = _table.QuotaOf(peer), TimeProvider = _options.TimeProvider };

    private PeerConnection Adopt(ISecureMuxedConnection muxed, bool isInbound, AddressRange? range)
    {
        PeerConnection connection = new(muxed, isInbound, _registry, _options, _logger) { Range = range };
        if (_stopping.IsCancellationRequested || muxed.RemotePeer == LocalPeer || !_table.TryAdd(connection, out PeerConnection? evicted))
        {
            _table.Forget(muxed.RemotePeer);
            _tasks.Run("refused connection", async () => await connection.DisposeAsync());
            throw new Libp2pException(
                DropReason.LimitReached,
                $"The connection to {muxed.RemotePeer} was refused: {_table.Count} connections, or too many of this peer.");
        }
        if (evicted is not null)
        {
            _tasks.Run("evicted connection", async () => await evicted.DisposeAsync());
        }
        Libp2pInstruments.Open(isInbound);
        Connected(_logger, connection.RemotePeer, connection.RemoteAddress, isInbound);
        _tasks.Run("connection", () => OwnAsync(connection));
        _tasks.Run("identify", () => IdentifyAsync(connection));
        return connection;
    }

    private async Task OwnAsync(PeerConnection connection)
    {
        if (_stopping.IsCancellationRequested)
        {
            // Adopted just as the host began to close: DisposeAsync may have looked at the table before this one was in it.
            await connection.DisposeAsync();
        }
        DropReason reason = await connection.RunAsync();
        _table.Remove(connection);
        Libp2pInstruments.Close(reason);
        Disconnected(_logger, connection.RemotePeer, connection.RemoteAddress, reason, connection.EndMessage);
        if (_table.Find(connection.RemotePeer) is null)
        {
            PeerDisconnected?.Invoke(connection.RemotePeer);
        }
    }

    private async Task IdentifyAsync(PeerConnection connection)
    {
        IdentifyInfo? info = await _identify.AskAsync(connection, _stopping.Token);
        if (info is not null)
        {
            Learn(connection, info);
        }
        connection.SetIdentified(info);
    }

    private void PushIdentify()
    {
        foreach (PeerConnection connection in _table.All)
        {
            _tasks.Run("identify push", () => _identify.PushAsync(connection, _stopping.Token));
        }
    }

    [LoggerMessage(4010, LogLevel.Debug, "Connected with {Peer} at {Address} (inbound: {IsInbound})")]
    private static partial void Connected(ILogger logger, PeerId peer, Multiaddr address, bool isInbound);

    [LoggerMessage(4011, LogLevel.Debug, "Connection with {Peer} at {Address} ended: {Reason}. {Message}")]
    private static partial void Disconnected(ILogger logger, PeerId peer, Multiaddr address, DropReason reason, string? message);
}
