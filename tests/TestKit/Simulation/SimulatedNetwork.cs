using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.TestKit.Simulation;

/// <summary>
/// DHT nodes in one process and in virtual time: the product's KadNode and KadClient, with links instead of connections between them. A
/// request travels a link's delay, may be lost, and is answered by the other node; a dead node is silent. Everything runs inside
/// <see cref="VirtualTime.Run(Func{Task})"/> and replays for a seed.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "A simulation that replays needs a seeded generator.")]
internal sealed class SimulatedNetwork
{
    private readonly KadOptions _options;
    private readonly Random _random;
    private readonly List<SimulatedNode> _nodes = [];
    private readonly Dictionary<PeerId, SimulatedNode> _byPeer = [];

    public SimulatedNetwork(LinkModel links, KadOptions? options = null)
    {
        Links = links;
        _options = (options ?? new KadOptions()) with { TimeProvider = Time };
        _random = new Random(links.Seed);
    }

    public VirtualTime Time { get; } = new();

    public LinkModel Links { get; }

    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>Requests, replies and announcements sent, the lost ones included.</summary>
    public long Messages { get; private set; }

    /// <summary>Whether messages pass through the codec: what cannot travel then does not work here either. Costs much time.</summary>
    public bool UsesCodec { get; init; } = true;

    /// <summary>A node that knows nobody.</summary>
    public SimulatedNode Add(Func<KadOptions, KadOptions>? adjust = null)
    {
        byte[] key = new byte[36];
        _random.NextBytes(key);
        SimulatedNode node = new(this, _nodes.Count, PeerId.FromPublicKey(key), adjust?.Invoke(_options) ?? _options);
        _nodes.Add(node);
        _byPeer.Add(node.LocalPeer, node);
        return node;
    }

    /// <summary>Makes nodes that join one after another through a random earlier one, as BootstrapAsync does.</summary>
    public async Task GrowAsync(int count)
    {
        for (int index = 0; index < count; index++)
        {
            int earlier = _nodes.Count;
            SimulatedNode node = Add();
            if (earlier > 0)
            {
                node.Node.Table.TryAdd(_nodes[_random.Next(earlier)].LocalPeer, out _);
                await node.Client.FindClosestAsync(node.LocalPeer.Bytes.ToArray(), CancellationToken.None);
            }
        }
    }

    /// <summary>Silences that many random nodes for good, but none of the spared.</summary>
    public void Kill(int count, params IEnumerable<SimulatedNode> spared)
    {
        SimulatedNode[] victims = [.. _nodes.Where(static node => node.IsAlive).Except(spared)];
        _random.Shuffle(victims);
        foreach (SimulatedNode victim in victims.Take(count))
        {
            victim.IsAlive = false;
        }
    }

    public SimulatedNode Of(PeerId peer) => _byPeer[peer];

    /// <summary>A random live node.</summary>
    public SimulatedNode Pick()
    {
        while (true)
        {
            SimulatedNode node = _nodes[_random.Next(_nodes.Count)];
            if (node.IsAlive)
            {
                return node;
            }
        }
    }

    /// <summary>The nearest live servers, as nobody in the network can know them.</summary>
    public List<PeerId> TrueClosest(byte[] key, int count)
    {
        KadKey target = KadKey.Of(key);
        return [.. _nodes.Where(static node => node.IsAlive && node.Node.Options.IsServer)
            .OrderBy(node => node.Key.DistanceTo(target), Comparer<KadKey>.Create(static (left, right) => left.CompareTo(right)))
            .Take(count).Select(static node => node.LocalPeer)];
    }

    /// <summary>Carries a message over its link and returns the reply; null for a message that has none.</summary>
    public async Task<KadMessage?> DeliverAsync(
        SimulatedNode from, PeerId to, KadMessage message, bool hasReply, CancellationToken cancellationToken)
    {
        SimulatedNode? target = _byPeer.GetValueOrDefault(to);
        TimeSpan delay = Links.DelayBetween(from.Index, target?.Index ?? -1);
        Messages++;
        bool isLost = IsLost();
        if (target is not { IsAlive: true } || (isLost && hasReply))
        {
            await SilenceAsync(cancellationToken);
        }
        // A connection serves both sides.
        TimeSpan connecting = from.Connect(target!) ? delay * (2 * Links.ConnectRoundTrips) : TimeSpan.Zero;
        await PassAsync(connecting + delay, cancellationToken);
        target!.Saw(from);
        KadMessage? reply = isLost ? null : target.Answer(from, Copy(message));
        if (!hasReply)
        {
            return null;
        }
        Messages++;
        if (IsLost())
        {
            await SilenceAsync(cancellationToken);
        }
        await PassAsync(delay, cancellationToken);
        return Copy(reply!);
    }

    private bool IsLost() => Links.Loss > 0 && _random.NextDouble() < Links.Loss;

    private Task PassAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        delay == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(delay, Time, cancellationToken);

    private Task SilenceAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, Time, cancellationToken);

    private KadMessage Copy(KadMessage message) => !UsesCodec
        ? message
        : KadMessage.TryRead(message.Encode(), out KadMessage? copy)
            ? copy
            : throw new InvalidOperationException($"A {message.Type} does not survive its own encoding.");
}
