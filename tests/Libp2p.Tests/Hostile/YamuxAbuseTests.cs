using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>Authenticated peers that break Yamux: each is dropped with its reason, and only it.</summary>
public sealed class YamuxAbuseTests : HostTests
{
    public static TheoryData<string, byte[], DropReason> Abuses() => new()
    {
        { "version 1", Bytes(0x01, 0, 0, 0, 1, 0), DropReason.YamuxInvalid },
        { "unknown type", Bytes(0x00, 9, 0, 0, 1, 0), DropReason.YamuxInvalid },
        { "data on stream 0", Bytes(0x00, 0, 0, 0, 0, 5), DropReason.YamuxInvalid },
        { "ping on stream 1", Bytes(0x00, 2, 1, 0, 1, 5), DropReason.YamuxInvalid },
        { "our own stream number", Bytes(0x00, 1, 1, 0, 2, 0), DropReason.YamuxInvalid },
        { "stream opened twice", [.. Bytes(0x00, 1, 1, 0, 1, 0), .. Bytes(0x00, 1, 1, 0, 1, 0)], DropReason.YamuxInvalid },
        { "answer to no ping", Bytes(0x00, 2, 2, 0, 0, 0x7fffffff), DropReason.YamuxInvalid },
        { "data beyond the window", Bytes(0x00, 0, 1, 0, 1, 0x00040001), DropReason.WindowExceeded },
        { "four gigabytes of data", Bytes(0x00, 0, 1, 0, 1, 0xffffffff), DropReason.WindowExceeded },
        { "window overflow", [.. Bytes(0x00, 1, 1, 0, 1, 0xffffffff), .. Bytes(0x00, 1, 0, 0, 1, 0xffffffff)], DropReason.YamuxInvalid },
        { "data after close", [.. Bytes(0x00, 1, 5, 0, 1, 0), .. Bytes(0x00, 0, 0, 0, 1, 1), 0x41], DropReason.YamuxInvalid },
        { "go away with an error", Bytes(0x00, 3, 0, 0, 0, 1), DropReason.RemoteClose },
    };

    [Theory]
    [MemberData(nameof(Abuses))]
    public async Task Host_FrameAgainstTheRules_DropsThePeerWithItsReason(string name, byte[] bytes, DropReason reason)
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await peer.SendAsync(bytes, Limit);
        await peer.DrainAsync(Limit);
        await Hosts.LoggedAsync($"ended: {reason}", Limit);
        Assert.True(name.Length > 0 && host.Connections.Count == 0);
    }

    [Fact]
    public async Task Host_FramesForUnknownStreams_AreIgnored()
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await peer.SendAsync(new YamuxFrame(YamuxType.Data, YamuxFlags.None, 77, 3), [1, 2, 3], Limit);
        await peer.SendAsync(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Rst, 99, 0), Limit);
        await peer.SendAsync(new YamuxFrame(YamuxType.Ping, YamuxFlags.Syn, 0, 4711), Limit);
        // Somewhere among what the host says is the answer to our ping: the connection works.
        List<byte> heard = [];
        byte[] pong = new byte[YamuxFrame.HeaderBytes];
        new YamuxFrame(YamuxType.Ping, YamuxFlags.Ack, 0, 4711).Write(pong);
        while (heard.ToArray().AsSpan().IndexOf(pong) < 0)
        {
            heard.AddRange((await peer.Channel.ReceiveAsync(Limit)).ToArray());
        }
    }

    [Fact]
    public async Task Host_PingFloodFromAPeerThatDoesNotRead_IsDropped()
    {
        Libp2pHost host = await Hosts.StartAsync(static options =>
            options with { Yamux = new YamuxOptions { MaxQueuedControlFrames = 1000 } });
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        byte[] pings = [.. Enumerable.Range(0, 5000).SelectMany(static _ => Bytes(0, 2, 1, 0, 0, 1))];
        try
        {
            while (true)
            {
                Limit.ThrowIfCancellationRequested();
                await peer.SendAsync(pings, Limit);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // Dropped.
        }
        await Hosts.LoggedAsync($"ended: {DropReason.ControlFlood}", Limit);
    }

    [Fact]
    public async Task Host_DamagedCiphertext_DropsThePeer()
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await peer.SendRawAsync([0x00, 0x20, .. Patterns.Block(32, 5)], Limit);
        await peer.DrainAsync(Limit);
        await Hosts.LoggedAsync($"ended: {DropReason.NoiseInvalid}", Limit);
    }

    [Fact]
    public async Task Host_FrameTooShortForItsTag_DropsThePeer()
    {
        Libp2pHost host = await Hosts.StartAsync();
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await peer.SendRawAsync([0x00, 0x05, 1, 2, 3, 4, 5], Limit);
        await peer.DrainAsync(Limit);
        await Hosts.LoggedAsync($"ended: {DropReason.NoiseInvalid}", Limit);
    }

    [Fact]
    public async Task Host_SilentPeer_IsDroppedByKeepAlive()
    {
        ManualTime time = new();
        Libp2pHost host = await Hosts.StartAsync(options => options with { TimeProvider = time });
        await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
        await TestHosts.OnlyConnectionAsync(host, Limit);
        Task drained = peer.DrainAsync(Limit); // Reads, but answers no ping.
        while (!drained.IsCompleted)
        {
            Limit.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(16));
            await Task.Yield();
        }
        await Hosts.LoggedAsync($"ended: {DropReason.KeepAliveTimeout}", Limit);
    }

    [Fact]
    public async Task Host_RandomBytesInTheChannel_NeverCrash()
    {
        Libp2pHost host = await Hosts.StartAsync();
        for (int seed = 0; seed < 50; seed++)
        {
            await using RawPeer peer = await RawPeer.DialAsync(Hosts.Network, host.Addresses[0], Limit);
            byte[] noise = Patterns.Block(600, seed);
            noise[0] = 0;
            noise[1] &= 3;
            try
            {
                await peer.SendAsync(noise, Limit);
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException)
            {
                // Dropped while we were still talking.
            }
        }
        Assert.DoesNotContain(Hosts.Log.Lines, static line => line.Contains("died", StringComparison.Ordinal));
        Libp2pHost friend = await Hosts.StartAsync();
        await friend.ConnectAsync(TestHosts.AddressOf(host), Limit);
        await friend.PingAsync(host.LocalPeer, Limit);
    }

    private static byte[] Bytes(byte version, byte type, ushort flags, byte _, uint stream, uint length)
    {
        byte[] bytes = new byte[YamuxFrame.HeaderBytes];
        new YamuxFrame((YamuxType)type, (YamuxFlags)flags, stream, length).Write(bytes);
        bytes[0] = version;
        return bytes;
    }
}
