using System.IO.Pipelines;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Yamux;

public sealed class YamuxSessionTests : LimitedTests
{
    [Theory]
    [InlineData("/memory/0")]
    [InlineData("/ip4/127.0.0.1/tcp/0")]
    [InlineData("/ip6/::1/tcp/0")]
    public async Task Stream_CarriesMegabytesBothWays_WithTheSameDigest(string address)
    {
        await using Connected pair = await Connected.OpenAsync(
            transport: address.StartsWith("/ip", StringComparison.Ordinal) ? new TcpTransport() : null, address: address);
        await using MuxedStream near = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        await using MuxedStream? far = await pair.Listener.Muxer.AcceptStreamAsync(Limit);
        Assert.NotNull(far);
        const long Total = (20 << 20) + 12345;
        Task<string>[] sent = [Patterns.SendAsync(near, Total, Limit), Patterns.SendAsync(far, Total, Limit)];
        Task<(string Digest, long Bytes)>[] received = [Patterns.ReceiveAsync(near, Limit), Patterns.ReceiveAsync(far, Limit)];
        await Task.WhenAll(Task.WhenAll(sent), Task.WhenAll(received));
        Assert.Equal((await sent[0], Total), await received[1]);
        Assert.Equal((await sent[1], Total), await received[0]);
        Assert.Equal(0, pair.Dialer.Muxer.OpenStreams);
        Assert.NotNull(pair.Dialer.Muxer.RoundTrip);
    }

    [Fact]
    public async Task Write_ReceiverReadsNothing_WaitsAtTheWindow_AndOtherStreamsGoOn()
    {
        await using Connected pair = await Connected.OpenAsync();
        await using MuxedStream stuck = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        await using MuxedStream? unread = await pair.Listener.Muxer.AcceptStreamAsync(Limit);
        byte[] block = new byte[YamuxFrame.InitialWindowBytes];
        await stuck.WriteAsync(block, Limit);
        Task beyond = stuck.WriteAsync(new byte[1], Limit).AsTask();

        await using MuxedStream lively = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        await using MuxedStream? other = await pair.Listener.Muxer.AcceptStreamAsync(Limit);
        await lively.WriteAsync("over here"u8.ToArray(), Limit);
        await lively.CloseWriteAsync(Limit);
        Assert.Equal("over here"u8.ToArray(), await Patterns.ReadAllAsync(other!, Limit));
        Assert.False(beyond.IsCompleted);

        ReadResult read = await unread!.Input.ReadAtLeastAsync(block.Length, Limit);
        unread.Input.AdvanceTo(read.Buffer.End);
        await beyond.WaitAsync(Limit);
    }

    [Fact]
    public async Task Write_Cancelled_LeavesTheStreamUsable()
    {
        await using Connected pair = await Connected.OpenAsync();
        await using MuxedStream stream = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        await stream.WriteAsync(new byte[YamuxFrame.InitialWindowBytes], Limit);
        using CancellationTokenSource cancel = new();
        Task blocked = stream.WriteAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blocked);
        await using MuxedStream? far = await pair.Listener.Muxer.AcceptStreamAsync(Limit);
        ReadResult read = await far!.Input.ReadAtLeastAsync(YamuxFrame.InitialWindowBytes, Limit);
        far.Input.AdvanceTo(read.Buffer.End);
        await stream.WriteAsync("end"u8.ToArray(), Limit);
        await stream.CloseWriteAsync(Limit);
        Assert.Equal("end"u8.ToArray(), await Patterns.ReadAllAsync(far, Limit));
    }

    [Fact]
    public async Task Reset_FailsBothDirectionsOfBothEnds()
    {
        await using Connected pair = await Connected.OpenAsync();
        await using MuxedStream near = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        await using MuxedStream? far = await pair.Listener.Muxer.AcceptStreamAsync(Limit);
        near.Reset(DropReason.MessageInvalid);
        Libp2pException remote = await Assert.ThrowsAsync<Libp2pException>(async () => await far!.Input.ReadAsync(Limit));
        Assert.Equal(DropReason.RemoteReset, remote.Reason);
        await Assert.ThrowsAsync<Libp2pException>(async () => await far!.WriteAsync(new byte[1], Limit));
        Libp2pException local = await Assert.ThrowsAsync<Libp2pException>(async () => await near.Input.ReadAsync(Limit));
        Assert.Equal(DropReason.MessageInvalid, local.Reason);
    }

    [Fact]
    public async Task Dispose_AfterAReply_KeepsTheReply()
    {
        await using Connected pair = await Connected.OpenAsync();
        await using MuxedStream near = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        MuxedStream? far = await pair.Listener.Muxer.AcceptStreamAsync(Limit);
        await far!.WriteAsync("reply"u8.ToArray(), Limit);
        await far.DisposeAsync();
        Assert.Equal("reply"u8.ToArray(), await Patterns.ReadAllAsync(near, Limit));
        await near.WriteAsync(new byte[10], Limit); // Nobody reads that any more: the answer is a reset.
        await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            while (true)
            {
                await near.WriteAsync(new byte[1024], Limit);
                await Task.Yield();
            }
        });
    }

    [Fact]
    public async Task Session_ClosedByOneEnd_EndsTheOtherWithAReason()
    {
        await using Connected pair = await Connected.OpenAsync();
        await using MuxedStream near = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
        await pair.Listener.DisposeAsync();
        Assert.Equal(DropReason.LocalClose, await pair.Listener.Muxer.Completion.WaitAsync(Limit));
        Assert.Equal(DropReason.RemoteClose, await pair.Dialer.Muxer.Completion.WaitAsync(Limit));
        await Assert.ThrowsAsync<Libp2pException>(async () => await near.Input.ReadAsync(Limit));
        await Assert.ThrowsAsync<Libp2pException>(async () => await pair.Dialer.Muxer.OpenStreamAsync(Limit));
        Assert.Null(await pair.Dialer.Muxer.AcceptStreamAsync(Limit));
    }

    [Fact]
    public async Task Open_BeyondThePeersLimit_IsReset()
    {
        await using Connected pair = await Connected.OpenAsync(listener: new YamuxOptions { MaxInboundStreams = 2 });
        List<MuxedStream> streams = [];
        for (int index = 0; index < 3; index++)
        {
            streams.Add(await pair.Dialer.Muxer.OpenStreamAsync(Limit));
        }
        Libp2pException refused = await Assert.ThrowsAsync<Libp2pException>(async () => await streams[2].Input.ReadAsync(Limit));
        Assert.Equal(DropReason.RemoteReset, refused.Reason);
        Assert.Equal(2, pair.Listener.Muxer.OpenStreams);
    }

    [Fact]
    public async Task Open_FloodBeyondTheLimit_DropsThePeer()
    {
        await using Connected pair = await Connected.OpenAsync(listener: new YamuxOptions { MaxInboundStreams = 1, MaxRefusedStreams = 20 });
        for (int index = 0; index < 40 && !pair.Dialer.Muxer.Completion.IsCompleted; index++)
        {
            try
            {
                await pair.Dialer.Muxer.OpenStreamAsync(Limit);
            }
            catch (Libp2pException)
            {
                break;
            }
        }
        Assert.Equal(DropReason.StreamFlood, await pair.Listener.Muxer.Completion.WaitAsync(Limit));
    }

    [Fact]
    public async Task TwoHundredStreamsAtOnce_EachGetItsOwnEcho()
    {
        await using Connected pair = await Connected.OpenAsync();
        Task echo = EchoAllAsync(pair.Listener.Muxer);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async index =>
        {
            await using MuxedStream stream = await pair.Dialer.Muxer.OpenStreamAsync(Limit);
            byte[] block = Patterns.Block(10_000 + index, index);
            Task<byte[]> reading = Patterns.ReadAllAsync(stream, Limit);
            await stream.WriteAsync(block, Limit);
            await stream.CloseWriteAsync(Limit);
            Assert.Equal(block, await reading);
        }));
        await pair.Dialer.DisposeAsync();
        await echo.WaitAsync(Limit);
    }

    private async Task EchoAllAsync(IMuxer muxer)
    {
        List<Task> echoes = [];
        while (await muxer.AcceptStreamAsync(Limit) is { } stream)
        {
            echoes.Add(Task.Run(async () =>
            {
                await using MuxedStream owned = stream;
                byte[] all = await Patterns.ReadAllAsync(stream, Limit);
                await stream.WriteAsync(all, Limit);
                await stream.CloseWriteAsync(Limit);
            }));
        }
        await Task.WhenAll(echoes);
    }
}
