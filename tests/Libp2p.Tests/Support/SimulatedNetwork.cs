using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>DHT nodes in one process without connections: a request is a call of the other node's answer.</summary>
internal sealed class SimulatedNetwork(int seed, KadOptions options)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<PeerId, SimulatedNode> _nodes = [];

    public IReadOnlyCollection<SimulatedNode> Nodes => _nodes.Values;

    public long Messages { get; private set; }

    public HashSet<PeerId> Dead { get; } = [];

    public SimulatedNode Add()
    {
        byte[] key = new byte[36];
        _random.NextBytes(key);
        SimulatedNode node = new(this, PeerId.FromPublicKey(key), options);
        _nodes.Add(node.LocalPeer, node);
        return node;
    }

    /// <summary>Makes nodes that join one after another through a random earlier one.</summary>
    public async Task GrowAsync(int count)
    {
        List<SimulatedNode> all = [.. _nodes.Values];
        for (int index = 0; index < count; index++)
        {
            SimulatedNode node = Add();
            if (all.Count > 0)
            {
                node.Node.Table.TryAdd(all[_random.Next(all.Count)].LocalPeer, out _);
                await node.Client.FindClosestAsync(node.LocalPeer.Bytes.ToArray(), CancellationToken.None);
            }
            all.Add(node);
        }
    }

    public List<PeerId> TrueClosest(byte[] key, int count)
    {
        KadKey target = KadKey.Of(key);
        return [.. _nodes.Keys.Where(peer => !Dead.Contains(peer))
            .OrderBy(peer => KadKey.Of(peer).DistanceTo(target), Comparer<KadKey>.Create(static (left, right) => left.CompareTo(right))).Take(count)];
    }

    private KadMessage? Deliver(PeerId from, PeerId to, KadMessage message)
    {
        Messages++;
        if (Dead.Contains(to) || !_nodes.TryGetValue(to, out SimulatedNode? node))
        {
            throw new Libp2pException(DropReason.DialFailed, "dead");
        }
        // As in life: who is asked learns of who asks.
        node.Saw(from);
        return node.Lie is { } lie ? lie(message) : node.Node.Answer(from, message);
    }

    internal sealed class SimulatedNode : IKadNetwork
    {
        private static readonly ImmutableArray<Multiaddr> SomeAddress = [Multiaddr.Parse("/memory/1")];
        private readonly SimulatedNetwork _network;

        public SimulatedNode(SimulatedNetwork network, PeerId peer, KadOptions options)
        {
            _network = network;
            LocalPeer = peer;
            Node = new KadNode(this, options);
            Client = new KadClient(Node, Saw, static (_, work) => work().GetAwaiter().GetResult(), NullLogger.Instance);
        }

        public PeerId LocalPeer { get; }

        public KadNode Node { get; }

        public KadClient Client { get; }

        /// <summary>Set for a node that answers what it likes.</summary>
        public Func<KadMessage, KadMessage>? Lie { get; set; }

        public ImmutableArray<Multiaddr> LocalAddresses => SomeAddress;

        public void Saw(PeerId peer)
        {
            if (!Node.Table.TryAdd(peer, out PeerId doubtful) && !doubtful.IsEmpty && _network.Dead.Contains(doubtful))
            {
                Node.Table.Remove(doubtful);
                Node.Table.TryAdd(peer, out _);
            }
        }

        public Task<KadMessage> RequestAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
        {
            // Through the codec, so that what cannot travel does not work here either.
            Assert.True(KadMessage.TryRead(request.Encode(), out KadMessage? sent));
            Assert.True(KadMessage.TryRead(_network.Deliver(LocalPeer, peer, sent)!.Encode(), out KadMessage? reply));
            return Task.FromResult(reply);
        }

        public Task SendAsync(PeerId peer, KadMessage message, CancellationToken cancellationToken)
        {
            _network.Deliver(LocalPeer, peer, message);
            return Task.CompletedTask;
        }

        public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => SomeAddress;

        public void Hint(KadPeer peer)
        {
        }
    }
}
