using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>
/// Peers that flood, poison or mislead a DHT node over real connections: its stores stay within their limits, and look-ups go on.
/// </summary>
public sealed class DhtFloodTests : HostTests
{
    private const string Kad = "/phase/kad/1.0.0";
    private static readonly KadOptions Options = new()
    {
        Namespaces = NewestWins.Namespaces,
        MaxEntriesPerProvider = 50,
        MaxProviderEntries = 200,
        MaxProvidersPerKey = 10,
        MaxRecords = 100,
        MaxRecordBytes = 300_000,
        RequestTimeout = TimeSpan.FromSeconds(3),
    };


    [Fact]
    public async Task AddProvider_FloodOfOnePeer_LeavesTheHonestAnnouncementAlone()
    {
        (Libp2pHost host, KademliaDht dht) = await StartAsync();
        (_, KademliaDht honest) = await StartAsync(host);
        byte[] key = KademliaDht.ProviderKey("wanted");
        await honest.ProvideAsync(key, Limit);
        await UntilAsync(() => dht.StoredProviders == 1);

        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await FloodAsync(rogue, 20_000);
        Assert.InRange(dht.StoredProviders, 2, 51);
        Assert.Contains(honest.Node.Network.LocalPeer, dht.Node.Providers.Find(key));
        (_, KademliaDht asker) = await StartAsync(host);
        Assert.Equal(honest.Node.Network.LocalPeer, Assert.Single(await ProvidersAsync(asker, key)).Id);
    }

    [Fact]
    public async Task AddProvider_FloodOfManyPeers_StaysWithinTheTable_AndAnHonestOneIsHeardAgain()
    {
        (Libp2pHost host, KademliaDht dht) = await StartAsync();
        for (int index = 0; index < 10; index++)
        {
            await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
            await FloodAsync(rogue, 500);
            Assert.InRange(dht.StoredProviders, 1, Options.MaxProviderEntries);
        }
        Assert.Equal(Options.MaxProviderEntries, dht.StoredProviders);
        (_, KademliaDht honest) = await StartAsync(host);
        byte[] key = KademliaDht.ProviderKey("wanted");
        await honest.ProvideAsync(key, Limit);
        (_, KademliaDht asker) = await StartAsync(host);
        Assert.Equal(honest.Node.Network.LocalPeer, Assert.Single(await ProvidersAsync(asker, key)).Id);
    }

    [Fact]
    public async Task PutValue_PoisonAfterPoison_EndsTheConnection_AndNothingIsKept()
    {
        (Libp2pHost host, KademliaDht dht) = await StartAsync();
        byte[][] poison =
        [
            Put("/phase/x", [0]).Encode(), // Refused by its rules.
            Put("/phase/x", new byte[KadRecord.MaxValueBytes + 1]).Encode(), // Too large.
            Put("/phase/" + new string('x', 600), [1]).Encode(), // A key too long.
            Put("/unknown/x", [1]).Encode(), // A namespace without rules.
            Put("no path", [1]).Encode(),
            (Put("/phase/x", [1]) with { Key = "/phase/y"u8.ToArray() }).Encode(), // Another key inside than outside.
            (Put("/phase/x", [1]) with { Record = Patterns.Block(100, 1) }).Encode(),
        ];
        foreach (byte[] message in poison)
        {
            await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
            for (int round = 0; rogue.Muxer.EndMessage is null; round++)
            {
                Assert.InRange(round, 0, 40);
                try
                {
                    await using MuxedStream stream = await rogue.OpenAsync(Kad, Limit);
                    await LengthPrefixed.WriteAsync(stream, message, Limit);
                    await stream.Input.ReadAsync(Limit);
                }
                catch (Libp2pException)
                {
                    // Reset, or the connection is gone.
                }
            }
            Assert.Equal(0, dht.StoredRecords);
        }
    }

    [Fact]
    public async Task PutValue_FloodOfGoodValues_StaysWithinNumberAndBytes()
    {
        (Libp2pHost host, KademliaDht dht) = await StartAsync();
        await using RoguePeer rogue = await RoguePeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await using MuxedStream stream = await rogue.OpenAsync(Kad, Limit);
        for (int index = 0; index < 300; index++)
        {
            byte[] value = [1, .. new byte[index % 2 == 0 ? 50_000 : 10]];
            await LengthPrefixed.WriteAsync(stream, Put($"/phase/{index}", value).Encode(), Limit);
            Assert.NotNull(await LengthPrefixed.ReadAsync(stream.Input, KadMessage.MaxBytes, Limit));
            Assert.InRange(dht.StoredRecords, 1, Options.MaxRecords);
            Assert.InRange(dht.Node.Records.All.Sum(static record => record.Key.Length + record.Value.Length), 1, Options.MaxRecordBytes);
        }
    }

    [Fact]
    public async Task Get_AmongServersThatAnswerGarbageOversizeOrNothing_FindsTheGoodValue()
    {
        (Libp2pHost goodHost, KademliaDht good) = await StartAsync();
        await good.PutValueAsync("/phase/x", new byte[] { 7 }, Limit);
        (Libp2pHost askerHost, KademliaDht asker) = await StartAsync(goodHost);
        Func<MuxedStream, Task>[] manners =
        [
            static stream => LengthPrefixed.WriteAsync(stream, Patterns.Block(300, 3), CancellationToken.None).AsTask(),
            static stream => stream.WriteAsync((byte[])[0xff, 0xff, 0xff, 0xff, 0x0f, .. new byte[1000]]).AsTask(),
            static stream => stream.CloseWriteAsync().AsTask(),
            static _ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None),
            stream => LengthPrefixed.WriteAsync(stream, Put("/phase/x", [0, 9]).Encode(), CancellationToken.None).AsTask(), // A bad value.
            stream => LengthPrefixed.WriteAsync(stream, Put("/phase/z", [9]).Encode(), CancellationToken.None).AsTask(), // Another key's.
            static stream => LengthPrefixed.WriteAsync(stream, Crowd(), CancellationToken.None).AsTask(),
        ];
        foreach (Func<MuxedStream, Task> manner in manners)
        {
            Libp2pHost rogue = await Hosts.StartAsync();
            rogue.Handle(Kad, async (stream, cancellationToken) =>
            {
                await LengthPrefixed.ReadAsync(stream.Stream.Input, KadMessage.MaxBytes, cancellationToken);
                await manner(stream.Stream).WaitAsync(cancellationToken);
            });
            await rogue.ConnectAsync(TestHosts.AddressOf(askerHost), Limit);
        }
        await UntilAsync(() => asker.RoutingTableSize >= manners.Length);
        Assert.Equal([7], await asker.GetValueAsync("/phase/x", Limit));
        Assert.Null(await asker.GetValueAsync("/phase/never", Limit));
        Assert.Equal([7], await asker.GetValueAsync("/phase/x", Limit));
        Assert.Equal(0, asker.StoredRecords);
    }

    private static byte[] Crowd() => new KadMessage
    {
        Type = KadMessageType.GetValue,
        Key = "/phase/x"u8.ToArray(),
        CloserPeers =
        [
            .. Enumerable.Range(0, 20).Select(static index => new KadPeer(
                PeerId.FromPublicKey(Patterns.Block(36, 100 + index)), [Multiaddr.Parse("/memory/99999")])),
        ],
    }.Encode();

    private async Task FloodAsync(RoguePeer rogue, int count)
    {
        await using MuxedStream stream = await rogue.OpenAsync(Kad, Limit);
        KadPeer self = new(rogue.Id, [Multiaddr.Parse("/memory/1")]);
        for (int index = 0; index < count; index++)
        {
            byte[] key = KademliaDht.ProviderKey($"{rogue.Id} {index}");
            KadMessage message = new() { Type = KadMessageType.AddProvider, Key = key, ProviderPeers = [self] };
            await LengthPrefixed.WriteAsync(stream, message.Encode(), Limit);
        }
        // The answer to a last request says that all before it are done.
        await LengthPrefixed.WriteAsync(stream, new KadMessage { Type = KadMessageType.Ping }.Encode(), Limit);
        Assert.NotNull(await LengthPrefixed.ReadAsync(stream.Input, KadMessage.MaxBytes, Limit));
    }

    private async Task<List<KadPeer>> ProvidersAsync(KademliaDht asker, byte[] key)
    {
        List<KadPeer> found = [];
        while (found.Count == 0)
        {
            await foreach (KadPeer provider in asker.FindProvidersAsync(key, cancellationToken: Limit))
            {
                found.Add(provider);
            }
        }
        return found;
    }

    private static KadMessage Put(string key, byte[] value)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(key);
        return new KadMessage
        {
            Type = KadMessageType.PutValue,
            Key = bytes,
            Record = new KadRecord(bytes, value, DateTimeOffset.UnixEpoch).Encode(),
        };
    }

    private async Task<(Libp2pHost Host, KademliaDht Dht)> StartAsync(Libp2pHost? joinBy = null)
    {
        Libp2pHost host = await Hosts.StartAsync();
        KademliaDht dht = await KademliaDht.StartAsync(host, Options with
        {
            LoggerFactory = Hosts.Log,
            BootstrapPeers = joinBy is null ? [] : [TestHosts.AddressOf(joinBy)],
        });
        Hosts.Own(dht);
        if (joinBy is not null)
        {
            await dht.BootstrapAsync(Limit);
        }
        return (host, dht);
    }

    private async Task UntilAsync(Func<bool> isDone)
    {
        while (!isDone())
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
