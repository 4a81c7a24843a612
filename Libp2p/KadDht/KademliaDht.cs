using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// A node of a Kademlia DHT on a <see cref="Libp2pHost"/>. https://github.com/libp2p/specs/blob/master/kad-dht/README.md
/// Values live at keys such as /phase/stable/x86_64/manifest under the rules of their namespace; provider records say who serves a key.
/// What this node puts or provides is sent out again every <see cref="KadOptions.RepublishInterval"/> until it is withdrawn.
/// </summary>
public sealed partial class KademliaDht : IAsyncDisposable
{
    /// <summary>Neighbours of the last run that are dialled at start.</summary>
    private const int MaxGreetings = 64;

    private readonly Libp2pHost _host;
    private readonly KadOptions _options;
    private readonly ILogger _logger;
    private readonly KadNode _node;
    private readonly KadClient _client;
    private readonly CancellationTokenSource _stopping = new();
    private readonly BackgroundTasks _tasks;
    private readonly KadStateFile? _state;
    private readonly ConcurrentDictionary<ByteKey, byte[]> _ownValues = [];
    private readonly ConcurrentDictionary<ByteKey, bool> _ownKeys = [];
    private readonly ConcurrentDictionary<PeerId, bool> _checking = [];
    private readonly ConcurrentDictionary<Multiaddr, bool> _unreachable = [];

    private KademliaDht(Libp2pHost host, KadOptions options)
    {
        _host = host;
        _options = options;
        _logger = options.LoggerFactory.CreateLogger("PhaseMesh.Libp2p.KadDht");
        _tasks = new BackgroundTasks(_logger, _stopping.Token);
        _node = new KadNode(new KadHostNetwork(host, options.ProtocolId), options);
        _client = new KadClient(_node, Consider, (name, work) => _tasks.Run(name, () => work(_stopping.Token)), _logger);
        _state = options.StateFile is { } path ? new KadStateFile(path, _node, _logger) : null;
    }

    /// <summary>Servers in the routing table.</summary>
    public int RoutingTableSize => _node.Table.Count;

    public IReadOnlyList<PeerId> RoutingTable => _node.Table.All;

    /// <summary>Values kept here for the network.</summary>
    public int StoredRecords => _node.Records.Count;

    /// <summary>Announcements kept here for the network.</summary>
    public int StoredProviders => _node.Providers.Count;

    /// <summary>Figures of the look-up of this node that ended last.</summary>
    public (int Requests, int Hops) LastLookup => _client.LastLookup;

    internal KadNode Node => _node;

    internal KadClient Client => _client;

    /// <summary>
    /// Joins with what is known at once: saved state and connected peers. Call <see cref="BootstrapAsync"/> to reach out.
    /// </summary>
    public static async Task<KademliaDht> StartAsync(Libp2pHost host, KadOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(options);
        KademliaDht dht = new(host, options);
        if (dht._state is not null)
        {
            await dht._state.LoadAsync(cancellationToken);
        }
        host.PeerIdentified += dht.OnIdentified;
        if (options.IsServer)
        {
            host.Handle(options.ProtocolId, dht.ServeAsync);
        }
        foreach (PeerConnection connection in host.Connections)
        {
            if (connection.Identified is { IsCompletedSuccessfully: true, Result: { } info })
            {
                dht.OnIdentified(connection, info);
            }
        }
        dht._tasks.Run("dht upkeep", dht.UpkeepAsync);
        return dht;
    }

    /// <summary>
    /// The provider key of a name: its sha2-256 multihash. The names that peers of this project use are those of values, such as
    /// /phase/stable/x86_64/manifest.
    /// </summary>
    public static byte[] ProviderKey(string name) => Multihash.Sha256(Encoding.UTF8.GetBytes(name));

    /// <summary>
    /// Connects to the bootstrap and saved peers and looks for this node's own neighbourhood. A client, which nobody needs to find, has
    /// what its first look-up needs with the first of them; the others and the neighbourhood follow while the caller goes on.
    /// </summary>
    /// <returns>Servers in the routing table afterwards; 0 means that nobody could be reached.</returns>
    public async Task<int> BootstrapAsync(CancellationToken cancellationToken = default)
    {
        IEnumerable<Multiaddr> saved = _state?.SavedPeers.SelectMany(
            static peer => peer.Addresses.Take(1).Select(address => address.WithPeer(peer.Id))) ?? [];
        if (!_options.IsServer && RoutingTableSize > 0)
        {
            return RoutingTableSize; // Its upkeep keeps it joined; one that asks again and again must not join again and again.
        }
        // A client's greetings outlive the call.
        CancellationToken limit = _options.IsServer ? cancellationToken : _stopping.Token;
        List<Task> greetings = [.. _options.BootstrapPeers.Select(address => GreetAsync(address, isConfigured: true, limit))
            .Concat(saved.Take(MaxGreetings).Select(address => GreetAsync(address, isConfigured: false, limit)))];
        Task joining = JoinAsync([.. greetings], limit);
        if (_options.IsServer)
        {
            await joining;
            return RoutingTableSize;
        }
        _tasks.Run("dht join", () => joining);
        while (greetings.Count > 0 && RoutingTableSize == 0)
        {
            greetings.Remove(await Task.WhenAny(greetings).WaitAsync(cancellationToken));
        }
        return RoutingTableSize;
    }

    private async Task JoinAsync(Task[] greetings, CancellationToken cancellationToken)
    {
        await Task.WhenAll(greetings);
        await _client.FindClosestAsync(_host.LocalPeer.Bytes.ToArray(), cancellationToken);
    }

    /// <summary>Stores a value under a key of a known namespace and keeps it stored until <see cref="Withdraw(string)"/>.</summary>
    /// <returns>How many other peers took it; 0 means that it is stored here only.</returns>
    /// <exception cref="ArgumentException">The namespace's rules refuse the value.</exception>
    public async Task<int> PutValueAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        byte[] keyBytes = Encoding.UTF8.GetBytes(key);
        byte[] valueBytes = value.ToArray();
        if (_node.Rules.Refuse(keyBytes, valueBytes) is { } problem)
        {
            throw new ArgumentException($"The value for {key} is refused: {problem}.", nameof(value));
        }
        if (_node.TryGetGood(keyBytes, out KadRecord? held) && _node.Rules.IsBetter(keyBytes, valueBytes, held.Value))
        {
            throw new ArgumentException($"The value for {key} is refused: a better one is known already.", nameof(value));
        }
        _ownValues[new ByteKey(keyBytes)] = valueBytes;
        return await _client.PutAsync(keyBytes, valueBytes, cancellationToken);
    }

    /// <summary>The best value that the network knows, or null.</summary>
    public Task<byte[]?> GetValueAsync(string key, CancellationToken cancellationToken = default) =>
        _client.GetAsync(Encoding.UTF8.GetBytes(key), cancellationToken);

    /// <summary>Announces this node as a provider until <see cref="WithdrawProvider"/>.</summary>
    /// <param name="key">A sha2-256 multihash, such as <see cref="ProviderKey"/> makes.</param>
    /// <param name="cancellationToken">Ends the look-up; what was told stays told.</param>
    /// <returns>How many peers were told.</returns>
    public Task<int> ProvideAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default)
    {
        byte[] keyBytes = Sha256Key(key);
        _ownKeys[new ByteKey(keyBytes)] = true;
        return _client.ProvideAsync(keyBytes, cancellationToken);
    }

    /// <summary>Providers as they are found.</summary>
    public IAsyncEnumerable<KadPeer> FindProvidersAsync(
        ReadOnlyMemory<byte> key, int maxCount = 20, CancellationToken cancellationToken = default) =>
        _client.FindProvidersAsync(Sha256Key(key), maxCount, cancellationToken);

    /// <summary>The addresses of a peer, or null when nobody knows them.</summary>
    public Task<KadPeer?> FindPeerAsync(PeerId peer, CancellationToken cancellationToken = default) =>
        _client.FindPeerAsync(peer, cancellationToken);

    /// <summary>The nearest peers to a key that answer, nearest first.</summary>
    public async Task<IReadOnlyList<PeerId>> FindClosestPeersAsync(
        ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default) =>
        await _client.FindClosestAsync(key.ToArray(), cancellationToken);

    /// <summary>No longer republishes the value; copies elsewhere run out with their life.</summary>
    public void Withdraw(string key) => _ownValues.TryRemove(new ByteKey(Encoding.UTF8.GetBytes(key)), out _);

    /// <summary>No longer announces this node; what others were told runs out with its life.</summary>
    public void WithdrawProvider(ReadOnlyMemory<byte> key)
    {
        byte[] keyBytes = Sha256Key(key);
        _ownKeys.TryRemove(new ByteKey(keyBytes), out _);
        _node.Providers.Remove(keyBytes, _host.LocalPeer);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }
        _host.PeerIdentified -= OnIdentified;
        if (_options.IsServer)
        {
            _host.StopHandling(_options.ProtocolId);
        }
        await _stopping.CancelAsync();
        await _tasks.DisposeAsync();
        _state?.Save();
        _stopping.Dispose();
    }

    private async Task GreetAsync(Multiaddr address, bool isConfigured, CancellationToken cancellationToken)
    {
        try
        {
            PeerConnection connection = await _host.ConnectAsync(address, cancellationToken);
            // Its protocols decide whether it joins the routing table, before our first look-up needs it there.
            if (await connection.Identified.WaitAsync(_options.RequestTimeout, _options.TimeProvider, cancellationToken) is { } info)
            {
                OnIdentified(connection, info);
            }
            _unreachable.TryRemove(address, out _);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            // A neighbour of before may well be gone; a configured peer that stays away is worth saying once.
            if (isConfigured && _unreachable.TryAdd(address, true))
            {
                BootstrapFailed(_logger, address, exception.Message);
            }
            else
            {
                GreetingFailed(_logger, address, exception.Message);
            }
        }
    }

    private static byte[] Sha256Key(ReadOnlyMemory<byte> key) =>
        Multihash.TryRead(key.Span, out ulong code, out _) && code == Multihash.Sha256Code
            ? key.ToArray()
            : throw new ArgumentException("A provider key is a sha2-256 multihash: 12 20 and 32 bytes.", nameof(key));

    [LoggerMessage(4020, LogLevel.Warning, "Bootstrap peer {Address} could not be reached: {Message}")]
    private static partial void BootstrapFailed(ILogger logger, Multiaddr address, string message);

    [LoggerMessage(4026, LogLevel.Debug, "{Address} could not be reached: {Message}")]
    private static partial void GreetingFailed(ILogger logger, Multiaddr address, string message);
}
