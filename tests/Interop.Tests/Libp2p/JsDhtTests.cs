using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>The Kademlia DHT against js-libp2p's: two nodes, and a third between them.</summary>
public sealed class JsDhtTests : IAsyncLifetime
{
    private readonly JsPeer _js = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(4));

    private CancellationToken Limit => _limit.Token;

    public Task InitializeAsync() => _js.InitializeAsync();

    public async Task DisposeAsync()
    {
        await _js.DisposeAsync();
        _limit.Dispose();
    }

    [Fact]
    public async Task Values_PutOnEitherSide_AreFoundOnTheOther()
    {
        string address = await _js.StartNodeAsync(dht: true);
        await using DhtPeer ours = await DhtPeer.StartAsync(address);
        await JoinAsync(ours, 1);

        int stored = await ours.Dht.PutValueAsync("/phase/stable/x86_64/manifest", "1:ours"u8.ToArray(), Limit);
        Assert.True(stored == 1, $"Stored at {stored} peers. {string.Join('\n', ours.Log.Lines)}");
        Assert.Equal("1:ours", (await _js.RunAsync("get", ("key", "/phase/stable/x86_64/manifest")))["value"]?.GetValue<string>());

        Assert.Equal(1, (await _js.RunAsync("put", ("key", "/phase/a"), ("value", "2:theirs")))["answered"]!.GetValue<int>());
        Assert.Equal("2:theirs", await GetTextAsync(ours, "/phase/a"));
        Assert.Equal(1, ours.Dht.StoredRecords - 1);
    }

    [Fact]
    public async Task Values_NewerPutElsewhere_WinsOnBothSides()
    {
        string address = await _js.StartNodeAsync(dht: true);
        await using DhtPeer ours = await DhtPeer.StartAsync(address);
        await JoinAsync(ours, 1);
        await ours.Dht.PutValueAsync("/phase/v", "3:old"u8.ToArray(), Limit);
        await _js.RunAsync("put", ("key", "/phase/v"), ("value", "7:new"));
        Assert.Equal("7:new", await GetTextAsync(ours, "/phase/v"));
        Assert.Equal("7:new", (await _js.RunAsync("get", ("key", "/phase/v")))["value"]?.GetValue<string>());
        await Assert.ThrowsAsync<ArgumentException>(() => ours.Dht.PutValueAsync("/phase/v", "5:older"u8.ToArray(), Limit));
    }

    [Fact]
    public async Task Values_ThatTheRulesRefuse_AreTakenByNeitherSide()
    {
        string address = await _js.StartNodeAsync(dht: true);
        await using DhtPeer ours = await DhtPeer.StartAsync(address);
        await JoinAsync(ours, 1);

        // They store their own bad value without looking, and send it to us: we refuse it.
        JsonNode put = await _js.RunAsync("put", ("key", "/phase/poison"), ("value", "bad"));
        Assert.Equal(0, put["answered"]!.GetValue<int>());
        Assert.Equal(0, ours.Dht.StoredRecords);
        Assert.Null(await GetTextAsync(ours, "/phase/poison"));

        // Our own rules stop us; past them, their validator does.
        await Assert.ThrowsAsync<ArgumentException>(() => ours.Dht.PutValueAsync("/phase/poison", "bad"u8.ToArray(), Limit));
        Assert.Equal(0, await ours.Dht.Client.PutAsync("/phase/poison"u8.ToArray(), "bad"u8.ToArray(), Limit));
        await Assert.ThrowsAsync<ArgumentException>(() => ours.Dht.PutValueAsync("/other/key", "1:x"u8.ToArray(), Limit));
    }

    [Fact]
    public async Task Providers_AnnouncedOnEitherSide_AreFoundOnTheOther()
    {
        string address = await _js.StartNodeAsync(dht: true);
        await using DhtPeer ours = await DhtPeer.StartAsync(address);
        await JoinAsync(ours, 1);
        (byte[] ourKey, string ourDigest) = Key("ours");
        (byte[] theirKey, string theirDigest) = Key("theirs");

        Assert.Equal(1, await ours.Dht.ProvideAsync(ourKey, Limit));
        JsonNode found = await _js.RunAsync("providers", ("digest", ourDigest));
        Assert.Equal([ours.Host.LocalPeer.ToString()], found["providers"]!.AsArray().Select(static one => one!.GetValue<string>()));

        await _js.RunAsync("provide", ("digest", theirDigest));
        KadPeer provider = Assert.Single(await ProvidersAsync(ours, theirKey));
        Assert.Equal(Multiaddr.Parse(address).Peer, provider.Id);
        Assert.Contains(Multiaddr.Parse(address).WithoutPeer(), provider.Addresses);
    }

    [Fact]
    public async Task Peers_AreFoundThroughAThird()
    {
        string hub = await _js.StartNodeAsync("hub", dht: true);
        string far = await _js.StartNodeAsync("far", dht: true);
        await _js.RunAsync("dial", ("name", "far"), ("address", hub));
        await JsJoinAsync("hub", 1);
        await using DhtPeer ours = await DhtPeer.StartAsync(hub);
        await JoinAsync(ours, 1);
        KadPeer? found = await ours.Dht.FindPeerAsync(Multiaddr.Parse(far).Peer!.Value, Limit);
        Assert.NotNull(found);
        Assert.Contains(Multiaddr.Parse(far).WithoutPeer(), found.Addresses);
        Assert.True(await ours.Host.PingAsync(found.Id, Limit) > TimeSpan.Zero);

        JsonNode back = await _js.RunAsync("findPeer", ("name", "far"), ("peer", ours.Host.LocalPeer.ToString()));
        Assert.NotEmpty(back["addresses"]!.AsArray());
        using IdentityKey nobody = IdentityKey.Generate();
        Assert.Null(await ours.Dht.FindPeerAsync(nobody.PeerId, Limit));
    }

    private async Task JoinAsync(DhtPeer peer, int expected)
    {
        while (await peer.Dht.BootstrapAsync(Limit) < expected)
        {
            Limit.ThrowIfCancellationRequested();
        }
        // They take us in once they have pinged us; asking them is the event to wait for.
        if (expected == 1)
        {
            JsonNode names = await _js.RunAsync("names");
            await JsJoinAsync(names["names"]![0]!.GetValue<string>(), 1);
        }
    }

    private async Task JsJoinAsync(string name, int expected)
    {
        while ((await _js.RunAsync("table", ("name", name)))["size"]!.GetValue<int>() < expected)
        {
            Limit.ThrowIfCancellationRequested();
        }
    }

    private async Task<string?> GetTextAsync(DhtPeer peer, string key) =>
        await peer.Dht.GetValueAsync(key, Limit) is { } value ? Encoding.UTF8.GetString(value) : null;

    private static (byte[] Bytes, string Hex) Key(string name)
    {
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        return (KademliaDht.ProviderKey(name), Convert.ToHexStringLower(digest));
    }

    // ADD_PROVIDER has no answer: a provider is told, not yet known, when its announcement returns. So ask until somebody is found.
    private async Task<List<KadPeer>> ProvidersAsync(DhtPeer peer, byte[] key)
    {
        List<KadPeer> list = [];
        while (list.Count == 0)
        {
            await foreach (KadPeer provider in peer.Dht.FindProvidersAsync(key, cancellationToken: Limit))
            {
                list.Add(provider);
            }
        }
        return list;
    }
}
