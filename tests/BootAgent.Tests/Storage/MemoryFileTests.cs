using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Storage;

public class MemoryFileTests
{
    [Fact]
    public void Seal_AWrittenFile_CannotChangeOrGrowOrShrinkOrBeUnsealed()
    {
        using MemoryFile file = MemoryFile.Create("test", 10);
        RandomAccess.Write(file.Handle, "verified!!"u8, 0);
        Assert.Equal(0, file.Seals & MemoryFile.AllSeals);

        file.Seal();

        Assert.Equal(MemoryFile.AllSeals, file.Seals & MemoryFile.AllSeals);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(file.Handle, "x"u8, 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file.Handle, 5));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file.Handle, 50));
        byte[] read = new byte[10];
        RandomAccess.Read(file.Handle, read, 0);
        Assert.Equal("verified!!"u8, read);
    }

    [Fact]
    public void BootImage_LargerThanFreeMemory_RefusesBeforeDownloading()
    {
        using TestRelease release = TestRelease.Create();
        using StringWriter text = new();
        BootConsole console = new(text, new ManualTimeProvider(), isTerminal: false, debug: false);

        BootFailedException failure = Assert.Throws<BootFailedException>(() => new BootImage(release.Manifest, 1_000_000, console));
        Assert.Equal(AgentExitCode.StorageFailed, failure.ExitCode);
        Assert.Contains("use a machine with more memory or a smaller release", failure.Message, StringComparison.Ordinal);

        new BootImage(release.Manifest, 5_000_000, console).Dispose();
        Assert.Contains("it may fail", text.ToString(), StringComparison.Ordinal);
        new BootImage(release.Manifest, 500_000_000, console).Dispose();
    }

    [Fact]
    public void AvailableBytes_OfThisMachine_IsKnown()
    {
        Assert.True(MemoryInfo.AvailableBytes() > 0);
        Assert.Null(MemoryInfo.AvailableBytes("/nowhere/meminfo"));
    }
}
