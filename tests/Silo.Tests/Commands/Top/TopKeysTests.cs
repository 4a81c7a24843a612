using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Tests.Commands.Top;

public class TopKeysTests
{
    private static readonly string[] Rows = [.. Enumerable.Range(0, 20).Select(i => $"r{i}")];

    [Theory]
    [InlineData(ConsoleKey.DownArrow, "r0", "r1")]
    [InlineData(ConsoleKey.DownArrow, "r19", "r19")]
    [InlineData(ConsoleKey.UpArrow, "r0", "r0")]
    [InlineData(ConsoleKey.UpArrow, "gone", "r0")]
    [InlineData(ConsoleKey.PageDown, "r1", "r6")]
    [InlineData(ConsoleKey.PageUp, "r1", "r0")]
    [InlineData(ConsoleKey.End, "r1", "r19")]
    [InlineData(ConsoleKey.Home, "r7", "r0")]
    public void Press_Movement_SelectsWithinTheRows(ConsoleKey key, string before, string after) =>
        Assert.Equal(after, Press(new TopView { Selected = before }, key).Selected);

    [Fact]
    public void Press_MovementWithoutRows_IsNothing() =>
        Assert.Null(TopKeys.Press(new TopView(), new ConsoleKeyInfo('\0', ConsoleKey.DownArrow, false, false, false), [], 5, 0).Selected);

    [Fact]
    public void Press_Enter_ShowsTheSelectedBootAndEscGoesBack()
    {
        TopView shown = Press(new TopView { Selected = "r3" }, ConsoleKey.Enter);
        Assert.Equal("r3", shown.ShownBoot);
        Assert.Equal(5, Press(shown, ConsoleKey.PageDown).Scroll);
        Assert.Equal(35, Press(shown with { Scroll = 34 }, ConsoleKey.PageDown).Scroll);
        Assert.Equal(0, Press(shown, ConsoleKey.UpArrow).Scroll);
        TopView back = Press(shown with { Scroll = 4 }, ConsoleKey.Escape);
        Assert.Equal((null, 0, "r3"), (back.ShownBoot, back.Scroll, back.Selected));
        Assert.Null(Press(new TopView { Pane = TopPane.Silos }, ConsoleKey.Enter).ShownBoot);
    }

    [Fact]
    public void Press_Filter_TakesEveryKeyUntilEnterOrEsc()
    {
        TopView view = Press(new TopView(), 'f');
        view = "quit.b".Aggregate(view, Press);
        Assert.Equal((true, "quit.b", false), (view.IsTyping, view.Filter, view.HasQuit));
        view = Press(view, ConsoleKey.Backspace);
        Assert.Equal((false, "quit."), (Press(view, ConsoleKey.Enter).IsTyping, Press(view, ConsoleKey.Enter).Filter));
        Assert.Equal((false, ""), (Press(view, ConsoleKey.Escape).IsTyping, Press(view, ConsoleKey.Escape).Filter));
        Assert.Equal("", Press(new TopView { Filter = "x" }, ConsoleKey.Escape).Filter);
        Assert.Equal(64, new string('x', 100).Aggregate(view, Press).Filter.Length);
    }

    [Fact]
    public void Press_PanesAndQuit()
    {
        Assert.Equal(TopPane.Providers, Press(new TopView(), 'p').Pane);
        Assert.Equal(TopPane.Channels, Press(new TopView(), 'c').Pane);
        Assert.Equal(TopPane.Silos, Press(new TopView(), 's').Pane);
        Assert.Equal(TopPane.Boots, Press(new TopView { Pane = TopPane.Silos }, ConsoleKey.Tab).Pane);
        Assert.True(Press(new TopView(), 'q').HasQuit);
        Assert.True(Press(new TopView { ShownBoot = "r1" }, 'q').HasQuit);
        Assert.True(TopKeys.Press(new TopView { IsTyping = true }, new ConsoleKeyInfo('\u0003', ConsoleKey.C, false, false, true), Rows, 5, 0).HasQuit);
    }

    private static TopView Press(TopView view, ConsoleKey key) =>
        TopKeys.Press(view, new ConsoleKeyInfo('\0', key, false, false, false), Rows, page: 5, lines: 40);

    private static TopView Press(TopView view, char key) =>
        TopKeys.Press(view, new ConsoleKeyInfo(key, (ConsoleKey)char.ToUpperInvariant(key), false, false, false), Rows, page: 5, lines: 40);
}
