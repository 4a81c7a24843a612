using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Tests.Chunks;

public sealed class ChunkStoreTests
{
    private const int ChunkBytes = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly ChunkCounters _counters = new();

    [Fact]
    public async Task UseOrBegin_OneFetches_AllOthersShareItsArrival()
    {
        using ChunkStore store = Store(chunks: 8);
        ChunkKey key = KeyOf(1);
        bool[] mine = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() =>
        {
            store.UseOrBegin(key, out bool isMine);
            return isMine;
        })));

        Assert.Single(mine, isMine => isMine);
        await ArriveAsync(store, store.UseOrBegin(key, out _), 1);
        Assert.Equal(ChunkArrival.Ready, await store.UseOrBegin(key, out _).Arrival.WaitAsync(Limit));
    }

    [Fact]
    public async Task WrongBytes_AreNeverPublished()
    {
        using ChunkStore store = Store(chunks: 8);
        Chunk chunk = store.UseOrBegin(KeyOf(1), out _);
        using (IncomingChunk incoming = await IncomingChunk.BeginAsync(store, chunk, CancellationToken.None))
        {
            incoming.Append(ContentOf(2));
            Assert.NotEqual(chunk.Key.Digest, incoming.Finish());
        }

        Assert.False(chunk.IsSettled);
        Assert.Null(chunk.File);
        Assert.Equal(0, store.UsedBytes);
        store.Fail(chunk, ChunkArrival.Failed, "wrong");
        Assert.Equal(ChunkArrival.Failed, await chunk.Arrival);
        store.UseOrBegin(KeyOf(1), out bool isMine);
        Assert.True(isMine);
    }

    [Fact]
    public async Task Full_EvictsWhatNobodyUses_AndWaitsForTheRest()
    {
        using ChunkStore store = Store(chunks: 2);
        Chunk first = await FetchedAsync(store, 1);
        Chunk second = await FetchedAsync(store, 2);
        Chunk third = store.UseOrBegin(KeyOf(3), out _);
        Task arriving = ArriveAsync(store, third, 3);

        Assert.False(arriving.IsCompleted); // Both are in use.
        store.Return(first);
        await arriving.WaitAsync(Limit);

        Assert.Equal(2 * ChunkBytes, store.UsedBytes);
        store.UseOrBegin(KeyOf(1), out bool isGone);
        Assert.True(isGone);
        Assert.Equal(ContentOf(2), Read(second));
        Assert.Equal(ContentOf(3), Read(third));
    }

    [Fact]
    public async Task ClaimThatIsCancelled_LetsTheNextThrough()
    {
        using ChunkStore store = Store(chunks: 2);
        Chunk first = await FetchedAsync(store, 1);
        await FetchedAsync(store, 2);
        using CancellationTokenSource gone = new();
        Task cancelled = store.ReserveAsync(ChunkBytes, gone.Token).AsTask();
        Task next = store.ReserveAsync(ChunkBytes, CancellationToken.None).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        store.Return(first);
        await next.WaitAsync(Limit);
        Assert.Equal(2 * ChunkBytes, store.UsedBytes);
    }

    [Fact]
    public async Task TwoThatFetchTheSame_TheFirstIsPublishedAndTheSecondGivesItsMemoryBack()
    {
        using ChunkStore store = Store(chunks: 8);
        Chunk chunk = store.UseOrBegin(KeyOf(1), out _);
        using IncomingChunk one = await IncomingChunk.BeginAsync(store, chunk, CancellationToken.None);
        using IncomingChunk other = await IncomingChunk.BeginAsync(store, chunk, CancellationToken.None);
        one.Append(ContentOf(1));
        other.Append(ContentOf(1));

        Assert.True(one.Publish());
        Assert.False(other.Publish());
        Assert.Equal(ChunkBytes, store.UsedBytes);
    }

    [Fact]
    public void Loans_AreLimitedToAQuarter()
    {
        using ChunkStore store = Store(chunks: 8);
        Assert.True(store.TryLend(2 * ChunkBytes));
        Assert.False(store.TryLend(1));
        store.EndLoan(2 * ChunkBytes);
        Assert.True(store.TryLend(1));
    }

    [Fact]
    public async Task ReadAheadThatIsEvictedUnused_RaisesThePressure()
    {
        using ChunkStore store = Store(chunks: 2);
        for (int number = 0; number < 6; number++)
        {
            Assert.True(store.TryBegin(KeyOf(number), out Chunk? chunk));
            await ArriveAsync(store, chunk, number);
        }

        Assert.Equal(4, store.Pressure);
        for (int number = 100; store.Pressure == 4; number++)
        {
            store.Return(await FetchedAsync(store, number));
        }
    }

    [Fact]
    public async Task AbandonedChunk_TellsThoseWhoCameLate()
    {
        using ChunkStore store = Store(chunks: 2);
        Assert.True(store.TryBegin(KeyOf(1), out Chunk? unwanted));
        Chunk wanted = store.UseOrBegin(KeyOf(2), out _);

        Assert.True(store.TryAbandon(unwanted));
        Assert.False(store.TryAbandon(wanted));
        Assert.Equal(ChunkArrival.Abandoned, await unwanted.Arrival);
    }

    internal static byte[] ContentOf(int number)
    {
        byte[] content = new byte[ChunkBytes];
        new Random(number).NextBytes(content);
        return content;
    }

    internal static ChunkKey KeyOf(int number) => new(Sha256Digest.Compute(ContentOf(number)), ChunkBytes);

    internal static byte[] Read(Chunk chunk)
    {
        byte[] content = new byte[chunk.LengthBytes];
        Assert.Equal(content.Length, RandomAccess.Read(chunk.File!.SafeFileHandle, content, 0));
        return content;
    }

    internal static async Task<Chunk> FetchedAsync(ChunkStore store, int number)
    {
        Chunk chunk = store.UseOrBegin(KeyOf(number), out bool isMine);
        Assert.True(isMine);
        await ArriveAsync(store, chunk, number);
        return chunk;
    }

    private static async Task ArriveAsync(ChunkStore store, Chunk chunk, int number)
    {
        using IncomingChunk incoming = await IncomingChunk.BeginAsync(store, chunk, CancellationToken.None);
        incoming.Append(ContentOf(number));
        Assert.Equal(chunk.Key.Digest, incoming.Finish());
        Assert.True(incoming.Publish());
    }

    private ChunkStore Store(int chunks) => new(new ChunkStoreOptions { MemoryBytes = chunks * ChunkBytes }, _counters);
}
