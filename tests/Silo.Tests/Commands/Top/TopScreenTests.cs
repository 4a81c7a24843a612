using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>What is sent makes the picture of the frame, and is no more than what changed.</summary>
public class TopScreenTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Show_OneFrameAfterAnother_TheTerminalShowsTheLast(bool hasColours)
    {
        TopScreen screen = new(hasColours);
        TopModel model = TopScene.Small();
        TerminalTwin terminal = new(100, 30);
        string all = "";
        foreach (TopView view in (TopView[])[new(), new() { Pane = TopPane.Providers }, new() { Filter = "stuck" }, new() { Selected = "gone" }])
        {
            TopFrame frame = TopScene.Frame(model, view, 100, 30);
            string sent = screen.Show(frame, new TerminalSize(100, 30));
            terminal.Feed(sent);
            all += sent;
            Assert.Equal(string.Join('\n', frame.Lines.Select(line => line.Text.TrimEnd())), terminal.Text);
        }

        Assert.Equal(hasColours, all.Contains("\u001b[31m", StringComparison.Ordinal));
    }

    [Fact]
    public void Show_NothingChanged_SendsNothing_OneRow_OneLine()
    {
        TopScreen screen = new(hasColours: true);
        TopModel model = TopScene.Small();
        TerminalSize size = new(100, 30);
        Assert.Contains("[2J", screen.Show(TopScene.Frame(model, new TopView(), 100, 30), size), StringComparison.Ordinal);
        Assert.Equal("", screen.Show(TopScene.Frame(model, new TopView(), 100, 30), size));
        model.Apply(TopScene.Boot(6, "kexec", 20) with { Machine = "dmi-other", UpdatedAt = TopScene.Now });
        string sent = screen.Show(TopScene.Frame(model, new TopView(), 100, 30), size);
        Assert.Single(sent.Split("\u001b[K").Skip(1));
        Assert.DoesNotContain("[2J", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void Show_AfterAResizeOrForget_DrawsAll()
    {
        TopScreen screen = new(hasColours: true);
        TopModel model = TopScene.Small();
        screen.Show(TopScene.Frame(model, new TopView(), 100, 30), new TerminalSize(100, 30));
        TerminalTwin smaller = new(40, 10);
        smaller.Feed(screen.Show(TopScene.Frame(model, new TopView(), 40, 10), new TerminalSize(40, 10)));
        Assert.Equal(TopScene.Text(model, new TopView(), 40, 10), smaller.Text);
        screen.Forget();
        Assert.Contains("[2J", screen.Show(TopScene.Frame(model, new TopView(), 40, 10), new TerminalSize(40, 10)), StringComparison.Ordinal);
    }
}
