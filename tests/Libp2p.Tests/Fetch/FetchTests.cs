using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Libp2p.Tests.Fetch;

public sealed class FetchTests : LimitedTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Manifest_OfAChannelOrAny_ArrivesWhole(bool overTcp)
    {
        await using FetchPair pair = await FetchPair.StartAsync(overTcp: overTcp);
        Assert.Equal(MemoryContent.Manifest, await pair.BytesAsync(FetchRequest.Manifest(), Limit));
        Assert.Equal(MemoryContent.Manifest, await pair.BytesAsync(FetchRequest.Manifest("stable", "x86_64"), Limit));
        Assert.Equal(["x86_64"], pair.Content.Requests.Where(static one => one.Arch is not null).Select(static one => one.Arch));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Artifact_WholeAndInPart_HasTheRightBytes(bool overTcp)
    {
        await using FetchPair pair = await FetchPair.StartAsync(overTcp: overTcp);
        await using (FetchResponse whole = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.SmallHash), Limit))
        {
            Assert.Equal((MemoryContent.SmallBytes, 0L, MemoryContent.SmallHash), (whole.SizeBytes, whole.Offset, whole.Hash));
            Assert.Equal(MemoryContent.Bytes(0, MemoryContent.SmallBytes), await FetchPair.BytesAsync(whole, Limit));
        }
        await using FetchResponse part = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.HugeHash, 1L << 39, 200_001), Limit);
        Assert.Equal((MemoryContent.HugeBytes, 1L << 39, 200_001L), (part.SizeBytes, part.Offset, part.LengthBytes));
        Assert.Equal(MemoryContent.Bytes(1L << 39, 200_001), await FetchPair.BytesAsync(part, Limit));
    }

    [Theory]
    [InlineData(0L, 0L, 0)]
    [InlineData(0L, 1L, 1)]
    [InlineData(299_999L, null, 1)]
    [InlineData(300_000L, null, 0)]
    [InlineData(300_000L, 0L, 0)]
    [InlineData(null, 300_000L, 300_000)]
    public async Task Range_AtTheEdges_IsGranted(long? offset, long? length, int expected)
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        byte[] bytes = await pair.BytesAsync(FetchRequest.Artifact(MemoryContent.SmallHash, offset, length), Limit);
        Assert.Equal(MemoryContent.Bytes(offset ?? 0, expected), bytes);
    }

    [Fact]
    public async Task EmptyArtifact_IsAnEmptyBody()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        Assert.Empty(await pair.BytesAsync(FetchRequest.Artifact(MemoryContent.EmptyHash), Limit));
    }

    [Fact]
    public async Task Session_SeveralRequests_FollowEachOtherAlsoAfterARefusal()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using FetchSession session = await pair.Client.OpenAsync(pair.Server.LocalPeer, Limit);
        for (int round = 0; round < 3; round++)
        {
            FetchResponse manifest = await session.FetchAsync(FetchRequest.Manifest(), Limit);
            await Assert.ThrowsAsync<InvalidOperationException>(() => session.FetchAsync(FetchRequest.Manifest(), Limit));
            Assert.Equal(MemoryContent.Manifest, await FetchPair.BytesAsync(manifest, Limit));
            FetchRefusedException refused = await Assert.ThrowsAsync<FetchRefusedException>(
                () => session.FetchAsync(FetchRequest.Manifest("nightly", "x86_64"), Limit));
            Assert.Equal(FetchErrorCode.NotFound, refused.Code);
            FetchResponse range = await session.FetchAsync(FetchRequest.Artifact(MemoryContent.SmallHash, 100, 100), Limit);
            Assert.Equal(MemoryContent.Bytes(100, 100), await FetchPair.BytesAsync(range, Limit));
        }
        Assert.Equal(1, pair.Serving.ActiveStreams);
    }

    [Theory]
    [InlineData(300_001L, null)]
    [InlineData(0L, 300_001L)]
    [InlineData(299_999L, 2L)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public async Task Range_BeyondTheEnd_IsRefused(long offset, long? length)
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        FetchRefusedException refused = await Assert.ThrowsAsync<FetchRefusedException>(
            () => pair.BytesAsync(FetchRequest.Artifact(MemoryContent.SmallHash, offset, length), Limit));
        Assert.Equal(FetchErrorCode.BadRange, refused.Code);
        Assert.Contains("300000 bytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownHash_AndContentThatCannotBeOpened_AreToldApart()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        FetchRefusedException unknown = await Assert.ThrowsAsync<FetchRefusedException>(
            () => pair.BytesAsync(FetchRequest.Artifact("sha256:" + new string('0', 64)), Limit));
        Assert.Equal(FetchErrorCode.NotFound, unknown.Code);
        FetchRefusedException locked = await Assert.ThrowsAsync<FetchRefusedException>(
            () => pair.BytesAsync(FetchRequest.Artifact(MemoryContent.LockedHash), Limit));
        Assert.Equal(FetchErrorCode.Unavailable, locked.Code);
        Assert.DoesNotContain("secret", locked.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SixtyFourFetchesAtOnce_AllArrive(bool overTcp)
    {
        await using FetchPair pair = await FetchPair.StartAsync(overTcp: overTcp);
        byte[] expected = MemoryContent.Bytes(0, MemoryContent.SmallBytes);
        byte[][] all = await Task.WhenAll(Enumerable.Range(0, 64).Select(
            _ => pair.BytesAsync(FetchRequest.Artifact(MemoryContent.SmallHash), Limit)));
        Assert.All(all, bytes => Assert.True(bytes.AsSpan().SequenceEqual(expected)));
        Assert.DoesNotContain(pair.Hosts.Log.Lines, static line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Places_AreGivenBack()
    {
        await using FetchPair pair = await FetchPair.StartAsync(new FetchServerOptions { MaxStreams = 1 });
        for (int round = 0; round < 5; round++)
        {
            Assert.Equal(777, (await pair.BytesAsync(FetchRequest.Manifest(), Limit)).Length);
            while (pair.Serving.ActiveStreams > 0)
            {
                Limit.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
        Assert.Equal(0, pair.Content.Open);
    }

    [Fact]
    public async Task Server_Disposed_StopsServingAndCutsOffWhatRuns()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using FetchResponse running = await pair.Client.FetchAsync(
            pair.Server.LocalPeer, FetchRequest.Artifact(MemoryContent.HugeHash), Limit);
        await pair.Serving.DisposeAsync();
        await Assert.ThrowsAsync<Libp2pException>(() => running.Body.CopyToAsync(Stream.Null, Limit));
        while (pair.Peer.Peers.ProtocolsOf(pair.Server.LocalPeer).Contains(FetchProtocol.Id))
        {
            Limit.ThrowIfCancellationRequested(); // The push that says so is on its way.
            await Task.Yield();
        }
        Libp2pException gone = await Assert.ThrowsAsync<Libp2pException>(() => pair.BytesAsync(FetchRequest.Manifest(), Limit));
        Assert.Equal(DropReason.NegotiationFailed, gone.Reason);
        await using FetchServer again = FetchServer.Start(pair.Server, pair.Content);
        Assert.Equal(777, (await pair.BytesAsync(FetchRequest.Manifest(), Limit)).Length);
        Assert.Throws<InvalidOperationException>(() => FetchServer.Start(pair.Server, pair.Content));
    }
}
