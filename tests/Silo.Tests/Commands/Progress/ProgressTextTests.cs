using PhaseMesh.Silo.Commands.Progress;

namespace PhaseMesh.Silo.Tests.Commands.Progress;

public class ProgressTextTests
{
    private static readonly ProgressText Half =
        new("Hashing rootfs", 512L << 20, 1L << 30, TimeSpan.FromSeconds(2), ProgressUnit.Bytes);

    [Theory]
    [InlineData(100, "Hashing rootfs  50 % |############............| 512.0 MiB of 1.0 GiB, 256.0 MiB/s, 2 s left")]
    [InlineData(75, "Hashing rootfs: 50 %, 512.0 MiB of 1.0 GiB, 256.0 MiB/s, 2 s left")]
    [InlineData(21, "Hashing rootfs: 50 %")]
    [InlineData(1, "")]
    public void Line_NeverFillsTheLastColumn(int width, string expected) => Assert.Equal(expected, Half.Line(width));

    [Fact]
    public void Line_AtTheStart_NamesNoRate() => Assert.Equal(
        "Hashing rootfs   0 % |........................| 0 B of 1.0 GiB", (Half with { Done = 0, Elapsed = TimeSpan.Zero }).Line(100));

    [Fact]
    public void Line_NothingToDo_IsDone() => Assert.Equal(
        "Hashing rootfs: 100 %, 0 B of 0 B", (Half with { Done = 0, Total = 0 }).Plain);

    [Fact]
    public void Plain_OtherUnits()
    {
        Assert.Equal("Looking up: 25 %, 25 of 100, 12.5/s, 6 s left", new ProgressText("Looking up", 25, 100, TimeSpan.FromSeconds(2), ProgressUnit.Items).Plain);
        Assert.Equal("Listening: 66 %, 1 s left", new ProgressText("Listening", 2000, 3000, TimeSpan.FromSeconds(2), ProgressUnit.Milliseconds).Plain);
    }

    [Fact]
    public void Plain_TooSlowToSay_NamesNoEnd() =>
        Assert.DoesNotContain("left", (Half with { Done = 1, Total = long.MaxValue, Elapsed = TimeSpan.FromHours(1) }).Plain, StringComparison.Ordinal);
}
