using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Tests.Fetch;

/// <summary>Readers that stop, peers that are too many, and time that runs out.</summary>
public sealed class FetchPressureTests : LimitedTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReaderThatStops_StopsTheServersReads(bool overTcp)
    {
        await using FetchPair pair = await FetchPair.StartAsync(overTcp: overTcp);
        await using FetchResponse response = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.HugeHash), Limit);
        byte[] taken = new byte[100_000];
        await response.Body.ReadExactlyAsync(taken, Limit);
        Assert.Equal(MemoryContent.Bytes(0, taken.Length), taken);

        // Of a terabyte no more is read than fits the window, which nothing has let grow, and the chunk that waits behind it.
        await SettledAsync(pair);
        Assert.InRange(pair.Content.ReadBytes, taken.Length, 1 << 20);

        // And it goes on where it stopped.
        byte[] more = new byte[3 << 20];
        await response.Body.ReadExactlyAsync(more, Limit);
        Assert.True(more.AsSpan().SequenceEqual(MemoryContent.Bytes(taken.Length, more.Length)));
        await SettledAsync(pair);
        Assert.InRange(pair.Content.ReadBytes, more.Length, (3 << 20) + (17 << 20)); // A window that grew to its most.
    }

    [Fact]
    public async Task ReaderThatLeavesInMidBody_FreesTheServerAtOnce()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        FetchResponse response = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.HugeHash), Limit);
        await SettledAsync(pair);
        await response.DisposeAsync();
        await IdleAsync(pair);
        Assert.Equal(0, pair.Content.Open);
        Assert.Equal(777, (await pair.BytesAsync(FetchRequest.Manifest(), Limit)).Length);
    }

    [Fact]
    public async Task ReaderThatStallsTooLong_IsCutOff_AndLearnsIt()
    {
        ManualTime time = new();
        await using FetchPair pair = await FetchPair.StartAsync(new FetchServerOptions { TimeProvider = time });
        await using FetchResponse response = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.HugeHash), Limit);
        await SettledAsync(pair);
        await PassAsync(time, () => pair.Serving.ActiveStreams == 0);
        await Assert.ThrowsAsync<Libp2pException>(() => response.Body.CopyToAsync(Stream.Null, Limit));
        await pair.Hosts.LoggedAsync("did not take", Limit);
    }

    [Fact]
    public async Task StreamWithoutARequest_IsResetAtTheTimeLimit()
    {
        ManualTime time = new();
        await using FetchPair pair = await FetchPair.StartAsync(new FetchServerOptions { TimeProvider = time });
        await using MuxedStream silent = await pair.RawAsync(Limit);
        await using MuxedStream slow = await pair.RawAsync(Limit);
        await slow.WriteAsync(new byte[] { 0x80 }, Limit);
        await ActiveAsync(pair, 2);
        await PassAsync(time, () => pair.Serving.ActiveStreams == 0);
        await pair.Hosts.LoggedAsync("No fetch request within 00:00:10", Limit);
        Libp2pException reset = await Assert.ThrowsAsync<Libp2pException>(() => silent.Input.ReadAsync(Limit).AsTask());
        Assert.Equal(DropReason.RemoteReset, reset.Reason);
    }

    [Fact]
    public async Task StreamThatIdlesAfterAnAnswer_IsEnded_WithoutBlame()
    {
        ManualTime time = new();
        await using FetchPair pair = await FetchPair.StartAsync(new FetchServerOptions { TimeProvider = time });
        await using FetchSession session = await pair.Client.OpenAsync(pair.Server.LocalPeer, Limit);
        await FetchPair.BytesAsync(await session.FetchAsync(FetchRequest.Manifest(), Limit), Limit);
        await PassAsync(time, () => pair.Serving.ActiveStreams == 0);
        await Assert.ThrowsAnyAsync<Exception>(() => session.FetchAsync(FetchRequest.Manifest(), Limit));
        Assert.DoesNotContain(pair.Hosts.Log.Lines, static line => line.Contains("Fault of", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StreamsOfOnePeer_BeyondItsLimit_AreToldBusy()
    {
        await using FetchPair pair = await FetchPair.StartAsync(new FetchServerOptions { MaxStreamsPerPeer = 2 });
        await using FetchSession first = await pair.Client.OpenAsync(pair.Server.LocalPeer, Limit);
        await using FetchSession second = await pair.Client.OpenAsync(pair.Server.LocalPeer, Limit);
        await ActiveAsync(pair, 2);
        for (int round = 0; round < 40; round++)
        {
            // Being too many is no fault: the connection stays.
            FetchRefusedException busy = await Assert.ThrowsAsync<FetchRefusedException>(
                () => pair.BytesAsync(FetchRequest.Manifest(), Limit));
            Assert.Equal(FetchErrorCode.Busy, busy.Code);
        }
        Assert.Equal(777, (await FetchPair.BytesAsync(await first.FetchAsync(FetchRequest.Manifest(), Limit), Limit)).Length);

        // Another peer has places of its own.
        Libp2pHost other = await pair.Hosts.StartAsync();
        other.Peers.AddAddresses(pair.Server.LocalPeer, pair.Server.Addresses);
        await using FetchResponse response = await new FetchClient(other).FetchAsync(pair.Server.LocalPeer, FetchRequest.Manifest(), Limit);
        Assert.Equal(777, response.LengthBytes);
    }

    [Fact]
    public async Task StreamsOfAll_BeyondTheTotal_AreToldBusy()
    {
        await using FetchPair pair = await FetchPair.StartAsync(new FetchServerOptions { MaxStreams = 1 });
        await using FetchSession first = await pair.Client.OpenAsync(pair.Server.LocalPeer, Limit);
        await ActiveAsync(pair, 1);
        Libp2pHost other = await pair.Hosts.StartAsync();
        other.Peers.AddAddresses(pair.Server.LocalPeer, pair.Server.Addresses);
        FetchRefusedException busy = await Assert.ThrowsAsync<FetchRefusedException>(
            () => new FetchClient(other).FetchAsync(pair.Server.LocalPeer, FetchRequest.Manifest(), Limit));
        Assert.Equal(FetchErrorCode.Busy, busy.Code);
    }

    [Fact]
    public async Task ContentThatEndsEarly_ResetsTheStream()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        // The reset may overtake the head of the answer as well as the body.
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(
            () => pair.BytesAsync(FetchRequest.Artifact(MemoryContent.BrokenHash), Limit));
        Assert.Equal(DropReason.RemoteReset, exception.Reason);
        await pair.Hosts.LoggedAsync("Warning 4032", Limit);
        // Where nothing has gone out yet, it is said in words.
        FetchRefusedException refused = await Assert.ThrowsAsync<FetchRefusedException>(
            () => pair.BytesAsync(FetchRequest.Artifact(MemoryContent.BrokenHash, 200_000, 10), Limit));
        Assert.Equal(FetchErrorCode.Unavailable, refused.Code);
    }

    [Fact]
    public async Task Client_PeerThatNeverAnswers_OrFallsSilentInMidBody_GivesUp()
    {
        ManualTime time = new();
        await using FetchPair pair = await FetchPair.StartAsync(client: new FetchClientOptions { TimeProvider = time });
        TaskCompletionSource gate = new();
        pair.Content.Gate = gate.Task;
        Task<FetchResponse> waiting = pair.Client.FetchAsync(pair.Server.LocalPeer, FetchRequest.Manifest(), Limit);
        await PassAsync(time, () => waiting.IsCompleted);
        Assert.Equal(DropReason.ReadTimeout, (await Assert.ThrowsAsync<Libp2pException>(() => waiting)).Reason);
        pair.Content.Gate = null;
        await using FetchResponse body = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.HugeHash), Limit);
        pair.Content.Gate = gate.Task;
        Task reading = body.Body.CopyToAsync(Stream.Null, Limit);
        await PassAsync(time, () => reading.IsCompleted);
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(() => reading);
        Assert.Equal(DropReason.ReadTimeout, exception.Reason);
        Assert.Contains("sent nothing for 00:00:30", exception.Message, StringComparison.Ordinal);
        gate.SetResult();
    }

    private async Task ActiveAsync(FetchPair pair, int count)
    {
        while (pair.Serving.ActiveStreams != count)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private Task IdleAsync(FetchPair pair) => ActiveAsync(pair, 0);

    // Until the content is no longer read while pings, which share the connection with the body, go there and back.
    private async Task SettledAsync(FetchPair pair)
    {
        long last = -1;
        for (int still = 0; still < 20; still++)
        {
            await pair.Peer.PingAsync(pair.Server.LocalPeer, Limit);
            if (pair.Content.ReadBytes != last)
            {
                last = pair.Content.ReadBytes;
                still = 0;
            }
        }
    }

    private async Task PassAsync(ManualTime time, Func<bool> until)
    {
        while (!until())
        {
            Limit.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
