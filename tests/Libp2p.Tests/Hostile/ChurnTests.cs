using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>A network that loses half of its nodes, which others replace, while look-ups are under way all the time.</summary>
public sealed class ChurnTests
{
    private const int Size = 300;
    private const int Keys = 20;

    [Fact]
    public void LookUps_WhileHalfOfTheNodesAreReplaced_GoOnSucceeding()
    {
        SimulatedNetwork network = new(new LinkModel { Seed = 11 }, new KadOptions { Namespaces = NewestWins.Namespaces });
        network.Time.Run(async () =>
        {
            await network.GrowAsync(Size);
            for (int key = 0; key < Keys; key++)
            {
                await network.Pick().Client.PutAsync(Key(key), [(byte)(key + 1)], CancellationToken.None);
            }
            // The askers live; every node they ask may vanish at any moment, and others come.
            SimulatedNode[] askers = [.. Enumerable.Range(0, Keys).Select(_ => network.Pick()).Distinct()];
            Task churn = ReplaceHalfAsync(network, askers);
            (int Asked, int Found)[] outcomes = await Task.WhenAll(askers.Select((asker, index) => AskAsync(network, asker, index, churn)));
            await churn;

            Assert.Equal(Size / 2, network.Nodes.Count - Size);
            Assert.Equal(Size, network.Nodes.Count(static node => node.IsAlive));
            Assert.InRange(outcomes.Sum(static one => one.Asked), 200, int.MaxValue);
            Assert.All(outcomes, static one => Assert.Equal(one.Asked, one.Found));
            // When it is quiet again, the nearest are the truly nearest, but for a few newcomers that not everybody knows yet.
            int near = 0;
            for (int index = 0; index < 20; index++)
            {
                byte[] target = Patterns.Block(20, index);
                List<PeerId> closest = await network.Pick().Client.FindClosestAsync(target, CancellationToken.None);
                Assert.All(closest, peer => Assert.True(network.Of(peer).IsAlive));
                near += closest.Intersect(network.TrueClosest(target, 20)).Count();
            }
            Assert.InRange(near, 360, 400);
        });
    }

    // One value after another until the churn is over.
    private static async Task<(int Asked, int Found)> AskAsync(SimulatedNetwork network, SimulatedNode asker, int index, Task churn)
    {
        int asked = 0;
        int found = 0;
        while (!churn.IsCompleted)
        {
            int key = (index + (asked++ * 7)) % Keys;
            found += await asker.Client.GetAsync(Key(key), CancellationToken.None) is { } value && value[0] == key + 1 ? 1 : 0;
            Assert.InRange(asker.Client.LastLookup.Requests, 0, 256);
            await Task.Delay(TimeSpan.FromSeconds(3), network.Time, CancellationToken.None);
        }
        return (asked, found);
    }

    // One node vanishes without a word, another comes that knows one living node, and so on.
    private static async Task ReplaceHalfAsync(SimulatedNetwork network, SimulatedNode[] spared)
    {
        for (int replaced = 0; replaced < Size / 2; replaced++)
        {
            SimulatedNode known = network.Pick();
            network.Kill(1, [known, .. spared]);
            SimulatedNode newcomer = network.Add();
            newcomer.Node.Table.TryAdd(known.LocalPeer, out _);
            await newcomer.Client.FindClosestAsync(newcomer.LocalPeer.Bytes.ToArray(), CancellationToken.None);
        }
    }

    private static byte[] Key(int index) => System.Text.Encoding.UTF8.GetBytes($"/phase/churn/{index}");
}
