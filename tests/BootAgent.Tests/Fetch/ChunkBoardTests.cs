using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Tests.Fetch;

public sealed class ChunkBoardTests : IDisposable
{
    private const int ChunkBytes = ChunkTable.MinChunkSizeBytes;
    private const int Count = 16;
    private readonly ManualTimeProvider _time = new();
    private readonly ChunkTable _chunks = new(Count * ChunkBytes, ChunkBytes, new Sha256Digest[Count]);
    private readonly MemoryFile _file = MemoryFile.Create("test", Count * ChunkBytes);
    private readonly ArtifactSlot _slot;
    private readonly ProviderSession _a = Session("http://a");
    private readonly ProviderSession _b = Session("http://b");

    public ChunkBoardTests() => _slot = new ArtifactSlot(
        new ManifestArtifact(ArtifactKind.Rootfs, default, Count * ChunkBytes, "/rootfs", _chunks), _file.Handle, 0);

    public void Dispose() => _file.Dispose();

    [Fact]
    public void Take_Alone_GetsEverythingInOneRun()
    {
        ChunkBoard board = new(_chunks, _time);

        ChunkRun? run = board.Take(_a, 1);

        Assert.Equal((0, Count), (run!.First, run.End));
        Assert.Null(board.Take(_a, 1));
    }

    [Fact]
    public void Return_UnfinishedRun_IsFreeForOthersFromTheChunkItBrokeOffAt()
    {
        ChunkBoard board = new(_chunks, _time);
        ChunkRun run = board.Take(_a, 1)!;
        board.Finish(run, 0);
        board.Finish(run, 1);

        board.Return(run);

        ChunkRun again = board.Take(_b, 1)!;
        Assert.Equal((2, Count), (again.First, again.End));
    }

    [Fact]
    public void TakeOver_SlowRun_SplitsItAndTheOldOwnerMayNotWriteThereAnyMore()
    {
        ChunkBoard board = new(_chunks, _time);
        ChunkRun slow = board.Take(_a, 1)!;
        Assert.True(slow.TryWrite(0, _slot, 0, new byte[1000]));
        _time.Advance(TimeSpan.FromSeconds(2));

        ChunkRun taken = board.TakeOver(_b, out ProviderSession? named)!;

        Assert.Null(named); // it keeps the chunk it is at
        Assert.False(slow.IsRevoked);
        Assert.Equal(Count, taken.End);
        Assert.Equal(slow.End, taken.First);
        Assert.False(slow.TryWrite(taken.First, _slot, (long)taken.First * ChunkBytes, [0xff]));
        byte[] read = new byte[1];
        _slot.Read(read, (long)taken.First * ChunkBytes);
        Assert.Equal(0, read[0]);
    }

    [Fact]
    public void TakeOver_LastChunkOfACrawlingRun_RevokesItAndNamesTheOwner()
    {
        ChunkBoard board = new(_chunks, _time);
        ChunkRun slow = board.Take(_a, 1)!;
        for (int chunk = 0; chunk < Count - 1; chunk++)
        {
            board.Finish(slow, chunk);
        }

        Assert.True(slow.TryWrite(Count - 1, _slot, (Count - 1) * ChunkBytes, new byte[10]));
        _b.NoteRate(1_000_000);
        _time.Advance(TimeSpan.FromSeconds(5));

        ChunkRun taken = board.TakeOver(_b, out ProviderSession? named)!;

        Assert.Same(_a, named);
        Assert.True(slow.IsRevoked);
        Assert.Equal((Count - 1, Count), (taken.First, taken.End));
        board.Finish(slow, Count - 1); // too late
        Assert.False(board.IsComplete);
        board.Finish(taken, Count - 1);
        Assert.True(board.IsComplete);
    }

    [Fact]
    public void TakeOver_OwnRun_IsLeftAlone()
    {
        ChunkBoard board = new(_chunks, _time);
        board.Take(_a, 1);
        _time.Advance(TimeSpan.FromSeconds(100));

        Assert.Null(board.TakeOver(_a, out _));
    }

    private static ProviderSession Session(string text)
    {
        Assert.True(ProviderUrl.TryParse(text, out ProviderUrl? url));
        return new ProviderSession(new ProviderCandidate(url, "the test"), string.Empty);
    }
}
