using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tests.Support;

namespace PhaseMesh.BootAgent.Tests.Reporting;

public sealed class BootConsoleTests : IDisposable
{
    private readonly StringWriter _text = new();
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _text.Dispose();

    [Theory]
    [InlineData(0, "0")]
    [InlineData(10_239, "10239")]
    [InlineData(1_793_024, "1751k")]
    [InlineData(11_953_767, "11.4M")]
    [InlineData(1L << 30, "1024.0M")]
    [InlineData(20L << 30, "20.0G")]
    public void Of_Bytes_ReadsAsBusyboxWrites(long bytes, string expected) => Assert.Equal(expected, ByteText.Of(bytes));

    [Fact]
    public void Banner_AndSteps_LookAsTheMissionShows()
    {
        BootConsole console = Console(isTerminal: false);

        console.Banner("PHASE BOOT - Fetching from Provider");
        console.Line("Provider: http://a");
        console.Step(1, 4, "Fetching manifest");
        console.Ok("Manifest downloaded");
        console.Debug("hidden");

        Assert.Equal("""

            ==========================================
              PHASE BOOT - Fetching from Provider
            ==========================================

            Provider: http://a
            [1/4] Fetching manifest...
              OK: Manifest downloaded

            """, _text.ToString());
    }

    [Fact]
    public async Task Progress_OnATerminal_IsDrawnInPlaceAndEndsWithALineFeed()
    {
        BootConsole console = Console(isTerminal: true);
        await using (DownloadProgress progress = new(console, "kernel", 4096, () => 2048))
        {
            console.Progress("something longer than what is drawn next, by a good bit: 12345678901234567890123456789");
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        console.Line("next");

        string[] lines = _text.ToString().Split('\n');
        string[] redraws = lines[0].Split('\r');
        Assert.Equal("kernel                50% |****************                |   2048   1024/s", redraws[^1].TrimEnd());
        Assert.Equal(redraws[^2].Length, redraws[^1].Length);
        Assert.Equal("next", lines[1]);
        Assert.Equal(TimeSpan.FromMilliseconds(250), console.ProgressInterval);
    }

    [Fact]
    public void Line_OverAProgressLine_ErasesIt()
    {
        BootConsole console = Console(isTerminal: true);

        console.Progress("12345");
        console.Warn("hot");
        console.EndProgress();

        Assert.Equal("\r12345\r     \r  WARNING: hot\n", _text.ToString());
    }

    [Fact]
    public void Progress_NotOnATerminal_IsAPlainLineEveryTwoSeconds()
    {
        BootConsole console = Console(isTerminal: false);

        console.Progress("half");
        console.EndProgress();

        Assert.Equal("half\n", _text.ToString());
        Assert.Equal(TimeSpan.FromSeconds(2), console.ProgressInterval);
    }

    [Fact]
    public void Line_OutputGone_DoesNotStopTheBoot()
    {
        using BrokenWriter broken = new();
        BootConsole console = new(broken, _time, isTerminal: false, debug: false);

        console.Line("one");
        console.Failed("two");

        Assert.Equal(1, broken.Attempts);
    }

    private BootConsole Console(bool isTerminal) => new(_text, _time, isTerminal, debug: false);

    private sealed class BrokenWriter : StringWriter
    {
        public int Attempts { get; private set; }

        public override void Write(string? value)
        {
            Attempts++;
            throw new IOException("Broken pipe");
        }
    }
}
