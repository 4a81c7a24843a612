using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Wire;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Libp2p.Tests.KadDht;

public sealed class KademliaDhtTests : HostTests
{
    private readonly List<KademliaDht> _nodes = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("phasemesh-dht").FullName;

    public override async Task DisposeAsync()
    {
        foreach (KademliaDht node in _nodes)
        {
            await node.DisposeAsync();
        }
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Client_AsksButIsNotAsked()
    {
        (Libp2pHost serverHost, KademliaDht server) = await StartAsync();
        (Libp2pHost clientHost, KademliaDht client) = await StartAsync(options => options with { IsServer = false, BootstrapPeers = [TestHosts.AddressOf(serverHost)] });
        Assert.Equal(1, await client.BootstrapAsync(Limit));
        Assert.Equal(1, await client.PutValueAsync("/phase/x", new byte[] { 1 }, Limit));
        Assert.Equal(1, server.StoredRecords);
        Assert.NotNull(await (await TestHosts.OnlyConnectionAsync(serverHost, Limit)).Identified.WaitAsync(Limit));
        Assert.Equal(0, server.RoutingTableSize);
        Assert.DoesNotContain("/phase/kad/1.0.0", clientHost.Protocols);
        // Nobody has it in a table, yet who is connected to it can name it.
        Assert.NotEmpty(serverHost.Peers.AddressesOf(clientHost.LocalPeer));
    }

    [Fact]
    public async Task Client_LooksUpWithoutHavingJoined_BeginsWithTheBootstrapPeers()
    {
        (Libp2pHost serverHost, KademliaDht server) = await StartAsync();
        await server.PutValueAsync("/phase/x", new byte[] { 3 }, Limit);
        (_, KademliaDht client) = await StartAsync(
            options => options with { IsServer = false, BootstrapPeers = [TestHosts.AddressOf(serverHost)] });
        Assert.Equal([3], await client.GetValueAsync("/phase/x", Limit));
        Assert.Equal(1, client.RoutingTableSize);
    }

    [Fact]
    public async Task Client_BootstrapPeerThatAnswersNothing_DoesNotHoldUpTheCaller()
    {
        // A server by its word, and no clock that would end the wait for its answers.
        Libp2pHost mute = await Hosts.StartAsync();
        mute.Handle("/phase/kad/1.0.0", static (_, cancellation) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation));
        (_, KademliaDht client) = await StartAsync(
            options => options with { IsServer = false, BootstrapPeers = [TestHosts.AddressOf(mute)], TimeProvider = new ManualTime() });
        Assert.Equal(1, await client.BootstrapAsync(Limit));
    }

    [Fact]
    public async Task Server_PoisonedStaleAndForeign_AreRefused()
    {
        (Libp2pHost host, KademliaDht dht) = await StartAsync();
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        byte[] key = "/phase/x"u8.ToArray();

        Assert.NotNull(await AskAsync(connection, Put(key, [4])));
        Assert.Null(await AskAsync(connection, Put(key, [0]))); // Bad.
        Assert.Null(await AskAsync(connection, Put(key, [3]))); // Older.
        Assert.Null(await AskAsync(connection, Put("/other/x"u8.ToArray(), [9]))); // No rules.
        Assert.Null(await AskAsync(connection, Put(key, [9]) with { Key = "/phase/y"u8.ToArray() })); // Key and record differ.
        Assert.Null(await AskAsync(connection, new KadMessage { Type = KadMessageType.PutValue, Key = key })); // No record.
        Assert.Null(await AskAsync(connection, new KadMessage { Type = KadMessageType.GetValue })); // No key.
        KadMessage? got = await AskAsync(connection, new KadMessage { Type = KadMessageType.GetValue, Key = key });
        Assert.True(KadRecord.TryRead(got!.Record, DateTimeOffset.UnixEpoch, out KadRecord? record));
        Assert.Equal([4], record.Value);
        Assert.Equal(1, dht.StoredRecords);
    }

    [Fact]
    public async Task Server_AnnouncementOfSomebodyElse_IsIgnored()
    {
        (Libp2pHost host, KademliaDht dht) = await StartAsync();
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        byte[] key = KademliaDht.ProviderKey("x");
        KadPeer other = new(PeerId.FromPublicKey(Patterns.Block(36, 1)), [Multiaddr.Parse("/memory/5")]);
        KadPeer self = new(peer.LocalPeer, [.. peer.Addresses]);
        await AskAsync(connection, new KadMessage { Type = KadMessageType.AddProvider, Key = key, ProviderPeers = [other, self with { Addresses = [] }] });
        Assert.Equal(0, dht.StoredProviders);
        await AskAsync(connection, new KadMessage { Type = KadMessageType.AddProvider, Key = "no hash"u8.ToArray(), ProviderPeers = [self] });
        Assert.Equal(0, dht.StoredProviders);
        await AskAsync(connection, new KadMessage { Type = KadMessageType.AddProvider, Key = key, ProviderPeers = [other, self] });
        Assert.Equal(peer.LocalPeer, Assert.Single(dht.Node.Providers.Find(key)));
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0x0f })] // Four gigabytes announced.
    [InlineData(new byte[] { 0x80, 0x00 })] // A length in long form.
    [InlineData(new byte[] { 0x05, 0x08, 0x63, 0x00, 0x00, 0x00 })] // An unknown type.
    [InlineData(new byte[] { 0x04, 0x12, 0x7f, 0x00, 0x00 })] // A field beyond the message.
    public async Task Server_MalformedRequest_ResetsTheStreamAndCounts(byte[] bytes)
    {
        (Libp2pHost host, _) = await StartAsync();
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            await using ProtocolStream stream = await connection.OpenStreamAsync("/phase/kad/1.0.0", bytes, Limit);
            await stream.Stream.Input.ReadAsync(Limit);
        });
        await Hosts.LoggedAsync(nameof(DropReason.MessageInvalid), Limit);
        await peer.PingAsync(host.LocalPeer, Limit);
    }

    [Fact]
    public async Task Restart_KeepsNeighboursValuesAndAnnouncements()
    {
        (Libp2pHost neighbour, KademliaDht other) = await StartAsync();
        string file = Path.Combine(_folder, "dht.state");
        (_, KademliaDht first) = await StartAsync(options => options with { StateFile = file, BootstrapPeers = [TestHosts.AddressOf(neighbour)] });
        await first.BootstrapAsync(Limit);
        await first.PutValueAsync("/phase/x", new byte[] { 7 }, Limit);
        await other.ProvideAsync(KademliaDht.ProviderKey("y"), Limit);
        while (first.StoredProviders == 0)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        await first.DisposeAsync();

        (_, KademliaDht second) = await StartAsync(options => options with { StateFile = file });
        Assert.Equal(1, second.StoredRecords);
        Assert.Equal(neighbour.LocalPeer, Assert.Single(second.Node.Providers.Find(KademliaDht.ProviderKey("y"))));
        Assert.Equal(0, second.RoutingTableSize);
        Assert.Equal(1, await second.BootstrapAsync(Limit)); // Nobody but the file named that peer.
    }

    [Fact]
    public async Task Restart_DamagedFile_StartsEmptyAndSaysSo()
    {
        string file = Path.Combine(_folder, "dht.state");
        await File.WriteAllBytesAsync(file, Patterns.Block(5000, 3), Limit);
        (_, KademliaDht dht) = await StartAsync(options => options with { StateFile = file });
        Assert.Equal(0, dht.StoredRecords);
        await Hosts.LoggedAsync("unreadable", Limit);
    }

    [Fact]
    public async Task Republish_BringsValuesAndAnnouncementsToNewcomers()
    {
        (Libp2pHost host, KademliaDht first) = await StartAsync();
        await first.PutValueAsync("/phase/x", new byte[] { 1 }, Limit);
        await first.ProvideAsync(KademliaDht.ProviderKey("x"), Limit);
        (_, KademliaDht late) = await StartAsync(options => options with { BootstrapPeers = [TestHosts.AddressOf(host)] });
        await late.BootstrapAsync(Limit);
        while (first.RoutingTableSize == 0)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        await first.RepublishAsync(Limit);
        Assert.Equal(1, late.StoredRecords);
        while (late.StoredProviders == 0)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        first.Withdraw("/phase/x");
        first.WithdrawProvider(KademliaDht.ProviderKey("x"));
        Assert.Equal(0, first.StoredProviders);
    }

    [Fact]
    public async Task Refresh_NeighboursThatAreGone_LeaveTheTable()
    {
        (Libp2pHost host, KademliaDht first) = await StartAsync();
        (Libp2pHost goingHost, KademliaDht going) = await StartAsync(options => options with { BootstrapPeers = [TestHosts.AddressOf(host)] });
        await going.BootstrapAsync(Limit);
        while (first.RoutingTableSize == 0)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        await goingHost.DisposeAsync();
        for (int round = 0; first.RoutingTableSize > 0; round++)
        {
            Assert.InRange(round, 0, 5);
            await first.RefreshAsync(Limit);
        }
    }

    [Fact]
    public async Task Provide_ServiceAddresses_AreFoundByALookUpAndFollowTheirChanges()
    {
        Multiaddr http = Multiaddr.Parse("/ip4/192.0.2.1/tcp/8080/http");
        List<Multiaddr> services = [http];
        (Libp2pHost meeting, _) = await StartAsync();
        (Libp2pHost host, KademliaDht provider) = await StartAsync(
            options => options with { BootstrapPeers = [TestHosts.AddressOf(meeting)] }, options => options with { ServiceAddresses = () => services });
        await provider.BootstrapAsync(Limit);
        await provider.ProvideAsync(KademliaDht.ProviderKey("x"), Limit);
        (_, KademliaDht asker) = await StartAsync(options => options with { IsServer = false, BootstrapPeers = [TestHosts.AddressOf(meeting)] });
        await asker.BootstrapAsync(Limit);

        Assert.Equal([host.Addresses[0], http], await FindAsync(asker, 2));
        services.Add(Multiaddr.Parse("/ip4/192.0.2.2/tcp/8080/http"));
        host.RefreshAddresses();
        (_, KademliaDht next) = await StartAsync(options => options with { IsServer = false, BootstrapPeers = [TestHosts.AddressOf(meeting)] });
        await next.BootstrapAsync(Limit);
        Assert.Equal([host.Addresses[0], .. services], await FindAsync(next, 3));
    }

    [Fact]
    public async Task Put_HeldValueGoneBad_IsNoRival()
    {
        Fading rules = new();
        (Libp2pHost host, KademliaDht dht) = await StartAsync(options => options with { Namespaces = new Dictionary<string, IRecordRules> { ["phase"] = rules } });
        await dht.PutValueAsync("/phase/x", new byte[] { 9 }, Limit);
        Assert.Equal([9], await dht.GetValueAsync("/phase/x", Limit));
        await Assert.ThrowsAsync<ArgumentException>(() => dht.PutValueAsync("/phase/x", new byte[] { 3 }, Limit));

        rules.Highest = 5;
        Assert.Null(await dht.GetValueAsync("/phase/x", Limit));
        Libp2pHost peer = await Hosts.StartAsync();
        PeerConnection connection = await peer.ConnectAsync(TestHosts.AddressOf(host), Limit);
        Assert.NotNull(await AskAsync(connection, Put("/phase/x"u8.ToArray(), [3])));
        Assert.Equal([3], await dht.GetValueAsync("/phase/x", Limit));
    }

    [Fact]
    public async Task Bootstrap_PeerThatStaysAway_IsWarnedOfOnce()
    {
        (_, KademliaDht dht) = await StartAsync(options => options with { BootstrapPeers = [Multiaddr.Parse("/memory/4711")] });
        Assert.Equal(0, await dht.BootstrapAsync(Limit));
        Assert.Equal(0, await dht.BootstrapAsync(Limit));
        await Hosts.LoggedAsync("/memory/4711 could not be reached", Limit);
        Assert.Single(Hosts.Log.Lines, static line => line.Contains("Bootstrap peer /memory/4711", StringComparison.Ordinal));
    }

    // What one look-up finds of the only provider; asked again until its addresses have arrived where they are kept.
    private async Task<IReadOnlyList<Multiaddr>> FindAsync(KademliaDht asker, int addresses)
    {
        while (true)
        {
            await foreach (KadPeer provider in asker.FindProvidersAsync(KademliaDht.ProviderKey("x"), cancellationToken: Limit))
            {
                if (provider.Addresses.Length >= addresses)
                {
                    return provider.Addresses;
                }
            }
            Limit.ThrowIfCancellationRequested();
        }
    }

    /// <summary>As <see cref="NewestWins"/>, but values above a limit that may fall are bad.</summary>
    private sealed class Fading : IRecordRules
    {
        public byte Highest { get; set; } = 255;

        public string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => value[0] <= Highest ? null : "too high";

        public int SelectBest(ReadOnlySpan<byte> key, IReadOnlyList<ReadOnlyMemory<byte>> values) =>
            NewestWins.Namespaces["phase"].SelectBest(key, values);
    }

    private async Task<(Libp2pHost Host, KademliaDht Dht)> StartAsync(
        Func<KadOptions, KadOptions>? adjust = null, Func<HostOptions, HostOptions>? adjustHost = null)
    {
        Libp2pHost host = await Hosts.StartAsync(adjustHost);
        KadOptions options = new() { Namespaces = NewestWins.Namespaces, LoggerFactory = Hosts.Log };
        KademliaDht dht = await KademliaDht.StartAsync(host, adjust?.Invoke(options) ?? options, Limit);
        _nodes.Add(dht);
        return (host, dht);
    }

    private static KadMessage Put(byte[] key, byte[] value) =>
        new() { Type = KadMessageType.PutValue, Key = key, Record = new KadRecord(key, value, DateTimeOffset.UnixEpoch).Encode() };

    // The reply, or null when the stream was reset or closed without one.
    private async Task<KadMessage?> AskAsync(PeerConnection connection, KadMessage request)
    {
        byte[] body = request.Encode();
        try
        {
            await using ProtocolStream stream = await connection.OpenStreamAsync("/phase/kad/1.0.0", (byte[])[.. Prefix(body.Length), .. body], Limit);
            await stream.Stream.CloseWriteAsync(Limit);
            byte[]? reply = await LengthPrefixed.ReadAsync(stream.Stream.Input, KadMessage.MaxBytes, Limit);
            return reply is not null && KadMessage.TryRead(reply, out KadMessage? message) ? message : null;
        }
        catch (Libp2pException)
        {
            return null;
        }
    }

    private static byte[] Prefix(int length)
    {
        byte[] prefix = new byte[Varint.SizeOf((ulong)length)];
        Varint.Write(prefix, (ulong)length);
        return prefix;
    }
}
