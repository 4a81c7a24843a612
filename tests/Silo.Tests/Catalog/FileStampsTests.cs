using System.Runtime.InteropServices;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Tests.Catalog;

/// <summary>Both twins keep the same promises, but for what only Linux tells.</summary>
public sealed class FileStampsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_HandleAndPathAgree_AndEveryWriteShows(bool linux)
    {
        IFileStamps stamps = Make(linux);
        File.WriteAllText(_path, "1234");
        File.SetLastWriteTimeUtc(_path, DateTime.UnixEpoch.AddYears(50).AddMilliseconds(123));
        using FileStream file = new(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        FileStamp first = stamps.Of(file.SafeFileHandle);
        Assert.Equal(first, stamps.Of(_path));
        Assert.Equal(4, first.SizeBytes);
        Assert.Equal(File.GetLastWriteTimeUtc(_path), first.Modified.UtcDateTime);

        file.WriteByte((byte)'x');
        file.Flush();
        FileStamp written = stamps.Of(file.SafeFileHandle);
        Assert.NotEqual(first, written);
        Assert.Equal(4, written.SizeBytes);

        file.SetLength(2);
        Assert.Equal(2, stamps.Of(file.SafeFileHandle).SizeBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_NoRegularFile_IsNull(bool linux)
    {
        IFileStamps stamps = Make(linux);
        Assert.Null(stamps.Of(_path + ".missing"));
        Assert.Null(stamps.Of(Path.GetTempPath()));
        Assert.Null(stamps.Of(Path.Combine(_path, "below a file")));
        Assert.Equal(0, stamps.Of("/dev/null")?.SizeBytes ?? 0); // The portable twin takes it for an empty file, which nobody serves.
        string link = _path + ".link";
        File.CreateSymbolicLink(link, _path);
        try
        {
            Assert.Equal(stamps.Of(_path), stamps.Of(link));
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public void Of_OnLinux_SeesAWriteWhoseTimeWasSetBackAndAReplacement()
    {
        Assert.Equal(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), LinuxFileStamps.IsSupported);
        LinuxFileStamps stamps = new();
        DateTime old = DateTime.UnixEpoch.AddYears(50);
        File.SetLastWriteTimeUtc(_path, old);
        FileStamp first = stamps.Of(_path)!.Value;
        Assert.NotEqual(0, first.ChangedNanoseconds);
        File.SetLastWriteTimeUtc(_path, old.AddYears(1));
        File.SetLastWriteTimeUtc(_path, old);
        FileStamp second = stamps.Of(_path)!.Value;
        Assert.Equal(first.ModifiedNanoseconds, second.ModifiedNanoseconds);
        Assert.True(second.ChangedNanoseconds >= first.ChangedNanoseconds);
        Assert.Equal(first.Inode, second.Inode);
    }

    [Theory]
    [InlineData(0, true, true)]
    [InlineData(10, true, true)]
    [InlineData(30, false, true)]
    [InlineData(2500, false, false)]
    [InlineData(-5000, false, false)]
    public void IsRacilyYoung_DependsOnTheClocksTick(int ageMilliseconds, bool fine, bool coarse)
    {
        DateTimeOffset changed = DateTimeOffset.UnixEpoch.AddYears(50);
        long nanoseconds = (changed - DateTimeOffset.UnixEpoch).Ticks * 100;
        DateTimeOffset now = changed.AddMilliseconds(ageMilliseconds);
        Assert.Equal(coarse, new FileStamp(1, nanoseconds, nanoseconds, 1).IsRacilyYoung(now));
        Assert.Equal(fine, new FileStamp(1, nanoseconds - 1, nanoseconds, 1).IsRacilyYoung(now));
    }

    public void Dispose() => File.Delete(_path);

    private static IFileStamps Make(bool linux) => linux ? new LinuxFileStamps() : new PortableFileStamps();
}
