using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Libp2p.Tests.KadDht;

/// <summary>Look-ups in networks too large for sockets, in virtual time: with delays, loss, liars, and half of the nodes gone.</summary>
public sealed class SimulationTests
{
    private static readonly KadOptions Options = new() { Namespaces = NewestWins.Namespaces };
    private static readonly LinkModel LossyLinks = new() { Loss = 0.01 };

    [Fact]
    public void Lookup_InAThousandNodes_FindsTheTrulyNearestInAFewHops() => Simulate(LinkModel.Ideal, async network =>
    {
        await network.GrowAsync(1000);
        int exact = 0;
        int requests = 0;
        SimulatedNode asker = network.Nodes[^1];
        for (int index = 0; index < 50; index++)
        {
            byte[] key = Patterns.Block(20, index);
            List<PeerId> found = await asker.Client.FindClosestAsync(key, CancellationToken.None);
            exact += found.SequenceEqual(TrueClosest(network, key, asker)) ? 1 : 0;
            requests += asker.Client.LastLookup.Requests;
            Assert.InRange(asker.Client.LastLookup.Hops, 1, 6);
        }
        Assert.InRange(exact, 48, 50);
        Assert.InRange(requests / 50, 20, 60);
    });

    [Fact]
    public void Lookup_WithDelaysLossAndHalfOfTheNodesDead_FindsNearlyAllTheNearestInGoodTime() => Simulate(LossyLinks, async network =>
    {
        await network.GrowAsync(500);
        network.Kill(250);
        int found = 0;
        for (int index = 0; index < 40; index++)
        {
            byte[] key = Patterns.Block(20, index);
            SimulatedNode asker = network.Pick();
            TimeSpan start = network.Time.Elapsed;
            List<PeerId> closest = await asker.Client.FindClosestAsync(key, CancellationToken.None);
            found += TrueClosest(network, key, asker).Intersect(closest).Count();
            // Half a minute if every dead node were waited for.
            Assert.InRange((network.Time.Elapsed - start).TotalSeconds, 0, 12);
            Assert.InRange(asker.Client.LastLookup.Requests, 1, 100);
        }
        // Of 800. A message in a hundred is lost for good, and a fresh loss of half of the network leaves some nodes unknown.
        Assert.InRange(found, 700, 800);
    });

    [Fact]
    public void ValuesAndProviders_WithDelaysLossAndHalfOfTheNodesDead_AreStillFound() => Simulate(LossyLinks, async network =>
    {
        await network.GrowAsync(400);
        List<SimulatedNode> providers = [];
        for (int index = 0; index < 40; index++)
        {
            SimulatedNode owner = network.Pick();
            Assert.InRange(await owner.Client.PutAsync(Key(index), [1], CancellationToken.None), 16, 20);
            Assert.InRange(await owner.Client.ProvideAsync(Digest(index), CancellationToken.None), 16, 20);
            providers.Add(owner);
        }
        network.Kill(200, providers);
        for (int index = 0; index < 40; index++)
        {
            SimulatedNode asker = network.Pick();
            Assert.Equal([1], await asker.Client.GetAsync(Key(index), CancellationToken.None));
            Assert.Equal(providers[index].LocalPeer, (await FirstProviderAsync(asker, index))?.Id);
        }
    });

    [Fact]
    public void Lookup_WhereEveryLinkIsSlowerThanPatience_StillFindsTheNearest() => Simulate(
        new LinkModel { MedianDelay = TimeSpan.FromMilliseconds(400), Spread = 0 },
        async network =>
        {
            await network.GrowAsync(60);
            byte[] key = Patterns.Block(20, 1);
            SimulatedNode asker = network.Pick();
            Assert.Equal(TrueClosest(network, key, asker), await asker.Client.FindClosestAsync(key, CancellationToken.None));
        });

    [Fact]
    public void Lookup_NeighboursThatStaySilent_LeaveTheTable() => Simulate(LossyLinks with { Loss = 0 }, async network =>
    {
        await network.GrowAsync(100);
        SimulatedNode asker = network.Pick();
        network.Kill(50, asker);
        for (int index = 0; index < 60; index++)
        {
            await asker.Client.FindClosestAsync(Patterns.Block(20, index), CancellationToken.None);
        }
        Assert.All(asker.Node.Table.All, peer => Assert.True(network.Of(peer).IsAlive));
        Assert.InRange(asker.Node.Table.Count, 20, 49);
    });

    [Fact]
    public void Simulation_SameSeed_ReplaysExactly()
    {
        (long, TimeSpan) Run(int seed)
        {
            SimulatedNetwork network = new(LossyLinks with { Seed = seed }, Options);
            network.Time.Run(() => network.GrowAsync(100));
            return (network.Messages, network.Time.Elapsed);
        }

        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
    }

    [Fact]
    public void Values_OneNodeInFourLies_GoodOnesAreStillFoundAndBadOnesNever() => Simulate(LinkModel.Ideal, async network =>
    {
        await network.GrowAsync(300);
        for (int index = 0; index < 30; index++)
        {
            await network.Nodes[0].Client.PutAsync(Key(index), [5], CancellationToken.None);
        }
        for (int index = 3; index < network.Nodes.Count; index += 4)
        {
            // A bad value, and a crowd of peers that do not exist.
            network.Nodes[index].Lie = message => new KadMessage
            {
                Type = message.Type,
                Key = message.Key,
                Record = new KadRecord(message.Key, [0, 9, 9], DateTimeOffset.UnixEpoch).Encode(),
                CloserPeers = [.. Enumerable.Range(0, 20).Select(number => new KadPeer(
                    PeerId.FromPublicKey(Patterns.Block(36, number + (message.Key[^1] * 20))), [SimulatedNode.Address]))],
            };
        }
        SimulatedNode asker = network.Nodes[100];
        for (int index = 0; index < 30; index++)
        {
            Assert.Equal([5], await asker.Client.GetAsync(Key(index), CancellationToken.None));
            Assert.InRange(asker.Client.LastLookup.Requests, 1, 256);
        }
        Assert.Null(await asker.Client.GetAsync("/phase/never"u8.ToArray(), CancellationToken.None));
    });

    [Theory]
    [InlineData(3, new byte[] { 1 })] // As documented: the best of three answers need not be the newest.
    [InlineData(20, new byte[] { 2 })]
    public void Get_OneOfTheNearestHasANewerValue_IsSeenByWhoAsksThemAll(int quorum, byte[] expected) => Simulate(
        LinkModel.Ideal,
        async network =>
        {
            await network.GrowAsync(30);
            SimulatedNode asker = network.Add(options => options with { IsServer = false, GetQuorum = quorum });
            asker.Node.Table.TryAdd(network.Nodes[0].LocalPeer, out _);
            await asker.Client.FindClosestAsync(asker.LocalPeer.Bytes.ToArray(), CancellationToken.None);
            await network.Nodes[0].Client.PutAsync(Key(1), [1], CancellationToken.None);
            SimulatedNode last = network.Of(network.TrueClosest(Key(1), 20)[^1]);
            last.Node.Records.Put(new KadRecord(Key(1), [2], network.Time.GetUtcNow()));
            Assert.Equal(expected, await asker.Client.GetAsync(Key(1), CancellationToken.None));
        });

    [Fact]
    public void Get_AnOldCopySomewhere_IsCorrected() => Simulate(LinkModel.Ideal, async network =>
    {
        await network.GrowAsync(30);
        SimulatedNode asker = network.Nodes[9];
        await network.Nodes[0].Client.PutAsync(Key(1), [2], CancellationToken.None);
        SimulatedNode stale = network.Of(TrueClosest(network, Key(1), asker)[0]);
        stale.Node.Records.Put(new KadRecord(Key(1), [1], network.Time.GetUtcNow()));
        Assert.Equal([2], await asker.Client.GetAsync(Key(1), CancellationToken.None));
        await asker.Background;
        Assert.True(stale.Node.Records.TryGet(Key(1), out KadRecord? record));
        Assert.Equal([2], record.Value);
    });

    [Fact]
    public void Boot_OneBootstrapPeerThreeHopsFromTheRecord_TakesThreeConnectionsAndThreeRequestsInARow() => Simulate(
        new LinkModel { MedianDelay = TimeSpan.FromMilliseconds(50), Spread = 0 },
        async network =>
        {
            // The bootstrap peer knows one node, which knows one that knows who provides the key.
            SimulatedNode[] chain = [network.Add(), network.Add(), network.Add()];
            SimulatedNode provider = network.Add();
            chain[0].Node.Table.TryAdd(chain[1].LocalPeer, out _);
            chain[1].Node.Table.TryAdd(chain[2].LocalPeer, out _);
            chain[2].Node.Providers.Add(Digest(1), provider.LocalPeer);
            SimulatedNode client = network.Add(options => options with
            {
                IsServer = false,
                BootstrapPeers = [SimulatedNode.Address.WithPeer(chain[0].LocalPeer)],
            });

            KadPeer? found = await FirstProviderAsync(client, 1);

            Assert.Equal(provider.LocalPeer, found?.Id);
            Assert.Equal(3, client.Client.LastLookup.Requests);
            TimeSpan roundTrip = TimeSpan.FromMilliseconds(100);
            Assert.Equal(3 * (network.Links.ConnectRoundTrips + 1), network.Time.Elapsed / roundTrip);
        });

    private static void Simulate(LinkModel links, Func<SimulatedNetwork, Task> work)
    {
        SimulatedNetwork network = new(links, Options);
        network.Time.Run(() => work(network));
    }

    private static List<PeerId> TrueClosest(SimulatedNetwork network, byte[] key, SimulatedNode asker) =>
        [.. network.TrueClosest(key, 21).Where(peer => peer != asker.LocalPeer).Take(20)];

    private static async Task<KadPeer?> FirstProviderAsync(SimulatedNode asker, int index)
    {
        await foreach (KadPeer provider in asker.Client.FindProvidersAsync(Digest(index), 1, CancellationToken.None))
        {
            return provider;
        }
        return null;
    }

    private static byte[] Key(int index) => System.Text.Encoding.UTF8.GetBytes($"/phase/key/{index}");

    private static byte[] Digest(int index) => KademliaDht.ProviderKey($"key {index}");
}
