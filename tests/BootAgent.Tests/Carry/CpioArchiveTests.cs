using System.Text;
using PhaseMesh.BootAgent.Carry;

namespace PhaseMesh.BootAgent.Tests.Carry;

public class CpioArchiveTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(1_000_004)]
    public void AddFile_AnySizes_KeepsHeadersAndDataAlignedAndApart(long start)
    {
        CpioArchive archive = new(start);
        archive.AddDirectory("phase");
        List<(long Offset, long End)> used = [];
        foreach (int size in (int[])[0, 1, 2, 3, 4, 5, 70_001])
        {
            long offset = archive.AddFile($"phase/f{size}", size);
            Assert.Equal(offset, archive.DataOffsetOf($"phase/f{size}"));
            used.Add((offset, offset + size));
        }

        archive.AddTrailer();

        used.AddRange(archive.Headers.Select(header => (header.Offset, header.Offset + header.Header.Length)));
        Assert.All(used, each => Assert.Equal(0, each.Offset % 4));
        (long Offset, long End)[] sorted = [.. used.OrderBy(each => each.Offset).ThenBy(each => each.End)];
        Assert.All(sorted.Zip(sorted.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Offset));
        Assert.Equal(archive.EndOffset, sorted[^1].End);
    }

    [Fact]
    public void AddFile_Header_IsNewc()
    {
        CpioArchive archive = new(0);

        archive.AddFile("phase/rootfs", 0xABCDEF);

        Assert.Equal("070701" + "00000001" + "00008124" + "00000000" + "00000000" + "00000001" + "00000000" + "00ABCDEF"
            + "00000000" + "00000000" + "00000000" + "00000000" + "0000000D" + "00000000" + "phase/rootfs\0\0",
            Encoding.ASCII.GetString(archive.Headers[0].Header));
    }

    [Fact]
    public void AddFile_FourGigabytes_DoNotFit() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpioArchive(0).AddFile("x", CpioArchive.MaxFileBytes + 1));

    [Fact]
    public void Constructor_UnalignedStart_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new CpioArchive(2));
}
