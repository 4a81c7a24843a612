using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Libp2p.Tests.KadDht;

/// <summary>Look-ups in networks too large for sockets, with liars and with half of the nodes gone.</summary>
public sealed class SimulationTests
{
    private static readonly KadOptions Options = new() { Namespaces = NewestWins.Namespaces };

    [Fact]
    public async Task Lookup_InAThousandNodes_FindsTheTrulyNearestInAFewHops()
    {
        SimulatedNetwork network = new(1, Options);
        await network.GrowAsync(1000);
        int exact = 0;
        int requests = 0;
        SimulatedNetwork.SimulatedNode asker = network.Nodes.Last();
        for (int index = 0; index < 50; index++)
        {
            byte[] key = Patterns.Block(20, index);
            List<PeerId> found = await asker.Client.FindClosestAsync(key, CancellationToken.None);
            List<PeerId> expected = network.TrueClosest(key, 21);
            expected.Remove(asker.LocalPeer);
            exact += found.SequenceEqual(expected.Take(20)) ? 1 : 0;
            requests += asker.Client.LastLookup.Requests;
            Assert.InRange(asker.Client.LastLookup.Hops, 1, 6);
        }
        Assert.InRange(exact, 48, 50);
        Assert.InRange(requests / 50, 20, 60);
    }

    [Fact]
    public async Task Values_WithHalfOfTheNodesGone_AreStillFound()
    {
        SimulatedNetwork network = new(2, Options);
        await network.GrowAsync(500);
        SimulatedNetwork.SimulatedNode[] nodes = [.. network.Nodes];
        for (int index = 0; index < 40; index++)
        {
            Assert.Equal(20, await nodes[index].Client.PutAsync(Key(index), [1], CancellationToken.None));
        }
        Random random = new(3);
        foreach (SimulatedNetwork.SimulatedNode node in nodes.Skip(50).OrderBy(_ => random.Next()).Take(250))
        {
            network.Dead.Add(node.LocalPeer);
        }
        SimulatedNetwork.SimulatedNode asker = nodes.Last(node => !network.Dead.Contains(node.LocalPeer));
        int found = 0;
        for (int index = 0; index < 40; index++)
        {
            found += await asker.Client.GetAsync(Key(index), CancellationToken.None) is [1] ? 1 : 0;
        }
        Assert.Equal(40, found);
    }

    [Fact]
    public async Task Values_OneNodeInFourLies_GoodOnesAreStillFoundAndBadOnesNever()
    {
        SimulatedNetwork network = new(4, Options);
        await network.GrowAsync(300);
        SimulatedNetwork.SimulatedNode[] nodes = [.. network.Nodes];
        for (int index = 0; index < 30; index++)
        {
            await nodes[0].Client.PutAsync(Key(index), [5], CancellationToken.None);
        }
        for (int index = 3; index < nodes.Length; index += 4)
        {
            // A bad value, and a crowd of peers that do not exist.
            nodes[index].Lie = message => new KadMessage
            {
                Type = message.Type,
                Key = message.Key,
                Record = new KadRecord(message.Key, [0, 9, 9], DateTimeOffset.UnixEpoch).Encode(),
                CloserPeers = [.. Enumerable.Range(0, 20).Select(number => new KadPeer(
                    PeerId.FromPublicKey(Patterns.Block(36, number + (message.GetHashCode() % 1000))), [Multiaddr.Parse("/memory/7")]))],
            };
        }
        SimulatedNetwork.SimulatedNode asker = nodes[100];
        for (int index = 0; index < 30; index++)
        {
            Assert.Equal([5], await asker.Client.GetAsync(Key(index), CancellationToken.None));
            Assert.InRange(asker.Client.LastLookup.Requests, 1, 256);
        }
        Assert.Null(await asker.Client.GetAsync("/phase/never"u8.ToArray(), CancellationToken.None));
    }

    [Fact]
    public async Task Get_AnOldCopySomewhere_IsCorrected()
    {
        SimulatedNetwork network = new(5, Options);
        await network.GrowAsync(30);
        SimulatedNetwork.SimulatedNode[] nodes = [.. network.Nodes];
        await nodes[0].Client.PutAsync(Key(1), [2], CancellationToken.None);
        PeerId nearest = network.TrueClosest(Key(1), 2).First(peer => peer != nodes[9].LocalPeer);
        SimulatedNetwork.SimulatedNode stale = nodes.First(node => node.LocalPeer == nearest);
        stale.Node.Records.Put(new KadRecord(Key(1), [1], TimeProvider.System.GetUtcNow()));
        Assert.Equal([2], await nodes[9].Client.GetAsync(Key(1), CancellationToken.None));
        Assert.True(stale.Node.Records.TryGet(Key(1), out KadRecord? record));
        Assert.Equal([2], record.Value);
    }

    private static byte[] Key(int index) => System.Text.Encoding.UTF8.GetBytes($"/phase/key/{index}");
}
