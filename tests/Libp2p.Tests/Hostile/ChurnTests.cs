using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>A network that loses half of its nodes, which others replace, while it is in use.</summary>
public sealed class ChurnTests
{
    private const int Size = 300;
    private const int Rounds = 15;
    private const int Keys = 20;
    private static readonly KadOptions Options = new() { Namespaces = NewestWins.Namespaces };

    [Fact]
    public async Task LookUps_WhileHalfOfTheNodesAreReplaced_GoOnSucceeding()
    {
        SimulatedNetwork network = new(11, Options);
        await network.GrowAsync(Size);
        Random random = new(12);
        List<SimulatedNetwork.SimulatedNode> alive = [.. network.Nodes];
        for (int key = 0; key < Keys; key++)
        {
            await alive[key].Client.PutAsync(Key(key), [(byte)(key + 1)], CancellationToken.None);
        }

        int gone = 0;
        int found = 0;
        int near = 0;
        for (int round = 0; round < Rounds; round++)
        {
            // A thirtieth of the network vanishes without a word, and as many come that know one living node each.
            for (int change = 0; change < Size / 2 / Rounds; change++)
            {
                SimulatedNetwork.SimulatedNode victim = alive[random.Next(alive.Count)];
                alive.Remove(victim);
                network.Dead.Add(victim.LocalPeer);
                gone++;
                SimulatedNetwork.SimulatedNode newcomer = network.Add();
                newcomer.Node.Table.TryAdd(alive[random.Next(alive.Count)].LocalPeer, out _);
                await newcomer.Client.FindClosestAsync(newcomer.LocalPeer.Bytes.ToArray(), CancellationToken.None);
                alive.Add(newcomer);
            }
            // Meanwhile values are asked for by anybody, old or new, and the nearest nodes to something are looked for.
            for (int key = 0; key < Keys; key++)
            {
                SimulatedNetwork.SimulatedNode asker = alive[random.Next(alive.Count)];
                found += await asker.Client.GetAsync(Key(key), CancellationToken.None) is { } value && value[0] == key + 1 ? 1 : 0;
                Assert.InRange(asker.Client.LastLookup.Requests, 0, 256);
            }
            byte[] target = Patterns.Block(20, round);
            SimulatedNetwork.SimulatedNode seeker = alive[random.Next(alive.Count)];
            List<PeerId> closest = await seeker.Client.FindClosestAsync(target, CancellationToken.None);
            near += closest.Intersect(network.TrueClosest(target, 20)).Count();
            Assert.DoesNotContain(closest, network.Dead.Contains);
        }
        Assert.Equal(Size / 2, gone);
        Assert.Equal(Rounds * Keys, found);
        // Of the truly nearest, nineteen in twenty: the newest arrivals are not known to everybody yet.
        Assert.InRange(near, Rounds * 19, Rounds * 20);
    }

    private static byte[] Key(int index) => System.Text.Encoding.UTF8.GetBytes($"/phase/churn/{index}");
}
