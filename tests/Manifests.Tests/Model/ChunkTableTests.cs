using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests.Tests.Model;

public class ChunkTableTests
{
    private static readonly Gen<(long SizeBytes, int ChunkSizeBytes)> Shapes =
        from power in Gen.Choose(16, 26)
        from chunks in Gen.Choose(0, ChunkTable.MaxCount - 1)
        from rest in Gen.Choose(1, 1 << power)
        select (((long)chunks << power) + rest, 1 << power);

    [Fact]
    public void RangeOf_AllChunks_TileTheFile() => Prop
        .ForAll(Shapes.ToArbitrary(), shape =>
        {
            int count = (int)ChunkTable.CountFor(shape.SizeBytes, shape.ChunkSizeBytes);
            ChunkTable table = new(shape.SizeBytes, shape.ChunkSizeBytes, new Sha256Digest[count]);
            long end = 0;
            for (int index = 0; index < table.Count; index++)
            {
                (long offset, int length) = table.RangeOf(index);
                if (offset != end || length < 1 || length > shape.ChunkSizeBytes)
                {
                    return false;
                }

                end = offset + length;
            }

            return end == shape.SizeBytes;
        })
        .QuickCheckThrowOnFailure();

    [Fact]
    public void DefaultChunkSizeBytes_AnySize_IsTheSmallestThatFits() => Prop
        .ForAll(Shapes.ToArbitrary(), shape =>
        {
            int chosen = ChunkTable.DefaultChunkSizeBytes(shape.SizeBytes);
            return ChunkTable.IsChunkSize(chosen) && ChunkTable.CountFor(shape.SizeBytes, chosen) <= ChunkTable.MaxCount
                && (chosen == 1 << 20 || ChunkTable.CountFor(shape.SizeBytes, chosen / 2) > ChunkTable.MaxCount);
        })
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1, 1 << 20)]
    [InlineData(4096L << 20, 1 << 20)]
    [InlineData((4096L << 20) + 1, 2 << 20)]
    [InlineData(4096L << 26, 64 << 20)]
    public void DefaultChunkSizeBytes_AroundTheSteps_DoublesWhenItMust(long sizeBytes, int expected) =>
        Assert.Equal(expected, ChunkTable.DefaultChunkSizeBytes(sizeBytes));

    [Fact]
    public void Shapes_ThatDoNotFit_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkTable.DefaultChunkSizeBytes((4096L << 26) + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkTable.DefaultChunkSizeBytes(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkTable(100, 1000, new Sha256Digest[1]));
        Assert.Throws<ArgumentException>(() => new ChunkTable(65_537, 65_536, new Sha256Digest[1]));
        Assert.Throws<ArgumentException>(() => new ChunkTable(4097L << 16, 1 << 16, new Sha256Digest[4097]));
        ChunkTable table = new(65_537, 65_536, new Sha256Digest[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.RangeOf(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.RangeOf(-1));
        Assert.Throws<ArgumentException>(() => new ManifestArtifact(ArtifactKind.Kernel, default, 65_538, "/kernel", table));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ManifestArtifact(ArtifactKind.Kernel, default, 0, "/kernel"));
    }
}
