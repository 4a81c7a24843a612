using System.Net.Sockets;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Advertising.Dht;

/// <summary>
/// This node's place in the DHT: a libp2p host with the node's identity, and the DHT on it, a server that keeps records for others. In mode
/// private a client with an identity of its own that listens nowhere. It joins by the bootstrap peers and by the neighbours of its last run,
/// and tries again with growing pauses for as long as it knows nobody.
/// </summary>
internal sealed partial class DhtNode : IAsyncDisposable
{
    public const string StateFileName = "dht.state";

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly IdentityKey _identity;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly bool _hasBootstrap;
    private Task _joining = Task.CompletedTask;

    private DhtNode(
        Libp2pHost host, KademliaDht dht, IdentityKey identity, OwnServers servers, bool hasBootstrap, TimeProvider clock, ILogger log)
    {
        Host = host;
        Dht = dht;
        Servers = servers;
        _identity = identity;
        _hasBootstrap = hasBootstrap;
        _clock = clock;
        _log = log;
    }

    public Libp2pHost Host { get; }

    public KademliaDht Dht { get; }

    public OwnServers Servers { get; }

    /// <summary>Where others can dial it, with its peer id; empty for a node that listens nowhere.</summary>
    public IEnumerable<Multiaddr> PeerAddresses =>
        Host.Addresses.Where(address => !HttpMultiaddr.TryGetUrl(address, out _)).Select(address => address.WithPeer(Host.LocalPeer));

    /// <summary>Starts listening and joining; null when the configuration wants no DHT, or when its port is not to be had.</summary>
    public static async Task<DhtNode?> StartAsync(
        ProviderOptions options, Ed25519PrivateKey nodeKey, int httpPort, TimeProvider clock, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (!options.Advertisement.Dht || options.Mode is ProviderMode.Local)
        {
            return null;
        }

        ILogger log = loggers.CreateLogger<DhtNode>();
        bool isServer = options.Mode is ProviderMode.Internet;
        ListeningScope scope = ListeningScope.Of(options.Bind);
        OwnServers servers = new(options.Dht.AnnouncedServers, scope, httpPort);
        IdentityKey identity = isServer ? NodePeer.IdentityOf(nodeKey) : IdentityKey.Generate();
        Libp2pHost? host = null;
        try
        {
            host = await Libp2pHost.StartAsync(
                new Libp2p.Host.HostOptions
                {
                    Identity = identity,
                    ListenAddresses = isServer ? [.. scope.EndPoints(options.Dht.Port).Select(Multiaddr.FromTcp)] : [],
                    AnnouncedAddresses = options.Dht.AnnouncedPeerAddresses,
                    ServiceAddresses = isServer ? () => servers.Addresses : static () => [],
                    AgentVersion = $"plasmd/{Commands.VersionAction.Version}",
                    TimeProvider = clock,
                    LoggerFactory = loggers,
                },
                cancellationToken);
            KademliaDht dht = await KademliaDht.StartAsync(
                host,
                new KadOptions
                {
                    IsServer = isServer,
                    Namespaces = MeshRecords.Rules(clock),
                    BootstrapPeers = [.. options.Dht.Bootstrap.Where(peer => peer.Peer != identity.PeerId)],
                    RecordLife = options.Dht.RecordLife,
                    ProviderLife = options.Dht.RecordLife,
                    RepublishInterval = TimeSpan.MaxValue, // DhtAdvertiser does, and signs anew.
                    StateFile = isServer ? Path.Combine(options.StateDirectory, StateFileName) : null,
                    TimeProvider = clock,
                    LoggerFactory = loggers,
                },
                cancellationToken);
            DhtNode node = new(host, dht, identity, servers, options.Dht.Bootstrap.Count > 0, clock, log);
            LogListening(log, host.LocalPeer, string.Join(", ", node.PeerAddresses));
            node._joining = Task.Run(node.JoinAsync, CancellationToken.None);
            return node;
        }
        catch (SocketException failure)
        {
            identity.Dispose();
            LogUnavailable(log, options.Dht.Port, failure.Message);
            return null;
        }
        catch
        {
            if (host is not null)
            {
                await host.DisposeAsync();
            }

            identity.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the DHT, keeping its state for the next start, and closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _joining;
        await Dht.DisposeAsync();
        await Host.DisposeAsync();
        _identity.Dispose();
        _stopping.Dispose();
    }

    private async Task JoinAsync()
    {
        try
        {
            TimeSpan pause = FirstPause;
            bool isAlone = false;
            while (true)
            {
                if (Dht.RoutingTableSize > 0)
                {
                    LogJoined(_log, Dht.RoutingTableSize);
                    (pause, isAlone) = (FirstPause, false);
                    while (Dht.RoutingTableSize > 0)
                    {
                        await Task.Delay(LongestPause, _clock, _stopping.Token);
                    }
                }

                Host.RefreshAddresses();
                if (await Dht.BootstrapAsync(_stopping.Token) == 0)
                {
                    if (!isAlone && _hasBootstrap)
                    {
                        LogNobodyAnswers(_log);
                    }

                    isAlone = true;
                    await Task.Delay(pause, _clock, _stopping.Token);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            LogJoiningDied(_log, e);
        }
    }

    [LoggerMessage(1410, LogLevel.Warning,
        "Releases are served, but not announced in the DHT: TCP port {Port} for libp2p is not to be had ({Problem}). "
        + "Give another with --dht-port or port in [provider.dht] (0: any free one), or set provider.advertisement.dht to false.")]
    private static partial void LogUnavailable(ILogger log, int port, string problem);

    [LoggerMessage(1411, LogLevel.Information, "In the DHT as {Peer}; others can join by {Addresses}")]
    private static partial void LogListening(ILogger log, PeerId peer, string addresses);

    [LoggerMessage(1412, LogLevel.Information, "Joined the DHT; {Peers} peers are known")]
    private static partial void LogJoined(ILogger log, int peers);

    [LoggerMessage(1413, LogLevel.Warning,
        "No bootstrap peer answers; releases are served, and found by the DHT once one does. Trying again with growing pauses.")]
    private static partial void LogNobodyAnswers(ILogger log);

    [LoggerMessage(1414, LogLevel.Error, "Joining the DHT has failed and ended; releases are served on")]
    private static partial void LogJoiningDied(ILogger log, Exception exception);
}
