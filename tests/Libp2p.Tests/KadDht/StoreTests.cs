using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Libp2p.Tests.KadDht;

public sealed class StoreTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Records_EndWithTheirLife()
    {
        RecordStore store = new(new KadOptions { TimeProvider = _time, RecordLife = TimeSpan.FromMinutes(10) });
        store.Put(new KadRecord([1], [1], _time.GetUtcNow()));
        _time.Advance(TimeSpan.FromMinutes(6));
        store.Put(new KadRecord([2], [2], _time.GetUtcNow()));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(store.TryGet([1], out _));
        Assert.True(store.TryGet([2], out _));
        Assert.Single(store.All);
    }

    [Fact]
    public void Records_AreBoundedInNumberAndBytes_TheOldestGoes()
    {
        RecordStore store = new(new KadOptions { TimeProvider = _time, MaxRecords = 3, MaxRecordBytes = 3000 });
        for (byte index = 0; index < 5; index++)
        {
            store.Put(new KadRecord([index], [index], _time.GetUtcNow()));
        }
        Assert.Equal(3, store.Count);
        Assert.False(store.TryGet([1], out _));
        store.Put(new KadRecord([9], new byte[2500], _time.GetUtcNow()));
        Assert.InRange(store.Count, 1, 3);
        Assert.True(store.TryGet([9], out _));
    }

    [Fact]
    public void Providers_ManyNewerOnesOfTheSameKey_DoNotHideTheFirst()
    {
        ProviderStore store = new(new KadOptions { TimeProvider = _time });
        store.Add(Key(0), Peer(1));
        for (int index = 0; index < 100; index++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            store.Add(Key(0), Peer(2 + index));
        }

        // An answer names 20 of the 101: 300 answers without the first are as likely as 0.8^300.
        Assert.Contains(Enumerable.Range(0, 300), _ => store.Find(Key(0)).Take(20).Contains(Peer(1)));
    }

    [Fact]
    public void Providers_FloodOfOnePeer_OnlyPushesOutItself()
    {
        KadOptions options = new() { TimeProvider = _time, MaxEntriesPerProvider = 10, MaxProviderEntries = 100, MaxProvidersPerKey = 5 };
        ProviderStore store = new(options);
        PeerId honest = Peer(1);
        store.Add(Key(0), honest);
        for (int index = 0; index < 10_000; index++)
        {
            store.Add(Key(index), Peer(2));
        }
        Assert.Equal(11, store.Count);
        Assert.Contains(honest, store.Find(Key(0)));
        for (int index = 0; index < 1000; index++)
        {
            store.Add(Key(index), Peer(100 + index));
        }
        Assert.InRange(store.Count, 1, 100);
        for (int index = 0; index < 50; index++)
        {
            store.Add(Key(5000), Peer(5000 + index));
        }
        Assert.Equal(5, store.Find(Key(5000)).Length);
    }

    [Fact]
    public void Providers_EndWithTheirLife_AndCanBeRenewedAndWithdrawn()
    {
        ProviderStore store = new(new KadOptions { TimeProvider = _time, ProviderLife = TimeSpan.FromMinutes(10) });
        store.Add(Key(1), Peer(1));
        store.Add(Key(1), Peer(2));
        _time.Advance(TimeSpan.FromMinutes(6));
        store.Add(Key(1), Peer(1));
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(Peer(1), Assert.Single(store.Find(Key(1))));
        store.Remove(Key(1), Peer(1));
        Assert.Empty(store.Find(Key(1)));
        Assert.Equal(0, store.Count);
    }

    private static byte[] Key(int index) => Multihash.Sha256(BitConverter.GetBytes(index));

    private static PeerId Peer(int index) => PeerId.FromPublicKey(Patterns.Block(36, index));
}
