using PhaseMesh.Mdns.Tests.Twins;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Commands.Progress;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Tests.Commands.Progress;

/// <summary>What people, and what log files, see of a long command.</summary>
public class ProgressLineTests
{
    private readonly VirtualTime _time = new();
    private readonly StringWriter _error = new();

    [Fact]
    public async Task OnATerminal_IsRedrawnInPlaceAndGoneAtTheEnd()
    {
        ProgressLine progress = ProgressLine.Start(Context(isTerminal: true), "Hashing rootfs", 1000);
        Assert.EndsWith("0 B of 1000 B", Taken(), StringComparison.Ordinal);
        progress.Report(250);
        _time.Advance(ProgressLine.RedrawEvery);
        string drawn = Taken();
        Assert.StartsWith("\r\u001b[KHashing rootfs  25 % |######....", drawn, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", drawn, StringComparison.Ordinal);

        progress.Print(_error, "a line of its own");
        Assert.Equal($"\r\u001b[Ka line of its own{Environment.NewLine}", Taken());
        _time.Advance(ProgressLine.RedrawEvery);
        Assert.Contains("25 %", Taken(), StringComparison.Ordinal);
        await progress.DisposeAsync();
        Assert.Equal("\r\u001b[K", Taken());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("", Taken());
    }

    [Fact]
    public async Task Elsewhere_IsAPlainLineNowAndThen_AndNothingForWhatIsQuick()
    {
        await using (ProgressLine quick = ProgressLine.Start(Context(isTerminal: false), "Looking up", 10, ProgressUnit.Items))
        {
            quick.Report(10);
            _time.Advance(ProgressLine.PlainLineEvery - TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal("", Taken());
        await using ProgressLine slow = ProgressLine.Start(Context(isTerminal: false), "Looking up", 10, ProgressUnit.Items);
        slow.Report(5);
        _time.Advance(ProgressLine.PlainLineEvery * 2);
        Assert.Equal(
            ["Looking up: 50 %, 5 of 10, 1.0/s, 5 s left", "Looking up: 50 %, 5 of 10, 0.5/s, 10 s left"],
            Taken().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Wait_GoesByTheClock()
    {
        await using ProgressLine progress = ProgressLine.Wait(Context(isTerminal: true), "Listening", TimeSpan.FromSeconds(4));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("75 %", Taken(), StringComparison.Ordinal);
        Assert.Contains("1 s left", (_error.ToString() + Redrawn()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TotalUnknown_DrawsNothingUntilItIsKnown()
    {
        await using ProgressLine progress = ProgressLine.Start(Context(isTerminal: true), "Fetching", 0);
        _time.Advance(ProgressLine.RedrawEvery);
        Assert.Equal("", Taken());
        progress.Report(10, 20);
        Assert.Contains("50 %", Redrawn(), StringComparison.Ordinal);
    }

    private string Redrawn()
    {
        _time.Advance(ProgressLine.RedrawEvery);
        return Taken();
    }

    private string Taken()
    {
        string text = _error.ToString();
        _error.GetStringBuilder().Clear();
        return text;
    }

    private CommandContext Context(bool isTerminal) => new()
    {
        Output = TextWriter.Null,
        Error = _error,
        Host = new HostSurroundings { Variable = name => name == "TERM" ? "xterm" : null, DefaultConfigPath = "/none", IsPrivileged = false },
        ErrorIsTerminal = isTerminal,
        Time = _time,
        Serve = (_, _) => Task.FromResult(0),
    };
}
