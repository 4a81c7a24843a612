using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Libp2p.Tests.KadDht;

public sealed class KadKeyTests
{
    private static readonly Arbitrary<KadKey> Keys = ArbMap.Default.ArbFor<byte[]>().Convert(static bytes =>
        KadKey.Of(bytes), static _ => []);

    [Fact]
    public void Distance_IsZeroOnlyToItself_AndSymmetric() => Prop.ForAll(Keys, Keys, static (left, right) =>
        left.DistanceTo(right) == right.DistanceTo(left)
        && (left.DistanceTo(right) == default) == (left == right)
        && left.DistanceTo(left) == default).QuickCheckThrowOnFailure();

    [Fact]
    public void Distance_OverADetour_IsTheXorOfItsParts() => Prop.ForAll(Keys, Keys, Keys, static (a, b, c) =>
        a.DistanceTo(b).DistanceTo(b.DistanceTo(c)) == a.DistanceTo(c)).QuickCheckThrowOnFailure();

    [Fact]
    public void LongerCommonPrefix_IsNearer() => Prop.ForAll(Keys, Keys, Keys, static (target, left, right) =>
        target.CommonPrefixBits(left) <= target.CommonPrefixBits(right)
        || target.DistanceTo(left).CompareTo(target.DistanceTo(right)) < 0).QuickCheckThrowOnFailure();

    [Fact]
    public void RandomInBucket_SharesExactlyThatManyBits()
    {
        KadKey self = KadKey.Of("me"u8);
        Random random = new(1);
        for (int bits = 0; bits < KadKey.Bits; bits++)
        {
            Assert.Equal(bits, self.CommonPrefixBits(self.RandomInBucket(bits, random)));
        }
        Assert.Equal(KadKey.Bits, self.CommonPrefixBits(self));
    }

    [Fact]
    public void Closest_AgreesWithSortingEverything() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), static seed =>
    {
        Random random = new(seed);
        List<PeerId> peers = [.. Enumerable.Range(0, 120).Select(_ => Peer(random))];
        RoutingTable table = new(Peer(random), 20, TimeProvider.System);
        List<PeerId> members = [.. peers.Where(peer => table.TryAdd(peer, out _))];
        KadKey target = KadKey.Of(BitConverter.GetBytes(seed));
        IEnumerable<PeerId> expected = members
            .OrderBy(peer => KadKey.Of(peer).DistanceTo(target), Comparer<KadKey>.Create(static (left, right) => left.CompareTo(right))).Take(20);
        return table.Closest(target, 20).SequenceEqual(expected);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryAdd_FullBucket_NamesTheMemberSilentLongest()
    {
        Random random = new(2);
        RoutingTable table = new(Peer(random), 3, TimeProvider.System);
        List<PeerId> far = [.. Enumerable.Range(0, 60).Select(_ => Peer(random)).Where(peer => table.Self.CommonPrefixBits(KadKey.Of(peer)) == 0)];
        foreach (PeerId peer in far.Take(3))
        {
            Assert.True(table.TryAdd(peer, out _));
        }
        Assert.True(table.TryAdd(far[0], out _)); // Heard of again: now the youngest.
        Assert.False(table.TryAdd(far[3], out PeerId doubtful));
        Assert.Equal(far[1], doubtful);
        table.Failed(far[1]);
        Assert.True(table.Contains(far[1]));
        table.Failed(far[1]);
        Assert.False(table.Contains(far[1]));
        Assert.True(table.TryAdd(far[3], out _));
    }

    private static PeerId Peer(Random random)
    {
        byte[] key = new byte[36];
        random.NextBytes(key);
        return PeerId.FromPublicKey(key);
    }
}
