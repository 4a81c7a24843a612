using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.TestKit.Simulation;

/// <summary>One node of a <see cref="SimulatedNetwork"/>.</summary>
internal sealed class SimulatedNode : IKadNetwork
{
    /// <summary>Where every node can be dialled: the network finds nodes by their id.</summary>
    public static readonly Multiaddr Address = Multiaddr.Parse("/memory/1");

    private static readonly ImmutableArray<Multiaddr> Addresses = [Address];
    private readonly SimulatedNetwork _network;
    private HashSet<int> _connected = [];

    public SimulatedNode(SimulatedNetwork network, int index, PeerId peer, KadOptions options)
    {
        _network = network;
        Index = index;
        LocalPeer = peer;
        Node = new KadNode(this, options);
        Client = new KadClient(Node, SawServer, (_, work) => Background = work(CancellationToken.None), NullLogger.Instance);
    }

    public int Index { get; }

    public PeerId LocalPeer { get; }

    public KadKey Key => Node.Table.Self;

    public KadNode Node { get; }

    public KadClient Client { get; }

    public bool IsAlive { get; set; } = true;

    /// <summary>What the client did in the background last.</summary>
    public Task Background { get; private set; } = Task.CompletedTask;

    /// <summary>Set for a node that answers what it likes.</summary>
    public Func<KadMessage, KadMessage>? Lie { get; set; }

    public ImmutableArray<Multiaddr> LocalAddresses => Addresses;

    public async Task<KadMessage> RequestAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken) =>
        (await _network.DeliverAsync(this, peer, request, hasReply: true, cancellationToken))!;

    public Task SendAsync(PeerId peer, KadMessage message, CancellationToken cancellationToken) =>
        _network.DeliverAsync(this, peer, message, hasReply: false, cancellationToken);

    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => Addresses;

    public void Hint(KadPeer peer)
    {
        // Nodes are found by their id.
    }

    /// <summary>True when there was no connection yet.</summary>
    public bool Connect(SimulatedNode other) => _connected.Add(other.Index) & other._connected.Add(Index);

    public void CloseConnections() => _connected = [];

    /// <summary>Who is asked learns of who asks, and through identify whether that one is a server.</summary>
    public void Saw(SimulatedNode from)
    {
        if (from.Node.Options.IsServer)
        {
            SawServer(from.LocalPeer);
        }
    }

    public KadMessage? Answer(SimulatedNode from, KadMessage message) =>
        Lie is { } lie ? lie(message) : Node.Answer(from.LocalPeer, message);

    private void SawServer(PeerId peer)
    {
        // The product asks the doubtful one; here the result of asking is known, which saves the simulation a request per sighting.
        if (!Node.Table.TryAdd(peer, out PeerId doubtful) && !doubtful.IsEmpty && !_network.Of(doubtful).IsAlive)
        {
            Node.Table.Remove(doubtful);
            Node.Table.TryAdd(peer, out _);
        }
    }
}
