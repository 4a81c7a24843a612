namespace PhaseMesh.Silo.Commands.Top;

/// <summary>What a key does. Pure: the view before, the view after.</summary>
internal static class TopKeys
{
    private const int MaxFilter = 64;

    /// <param name="view">Before.</param>
    /// <param name="key">Pressed.</param>
    /// <param name="rows">Keys of the pane's rows, from the top.</param>
    /// <param name="page">Rows on the screen.</param>
    /// <param name="lines">Of the boot that is shown.</param>
    public static TopView Press(TopView view, ConsoleKeyInfo key, IReadOnlyList<string> rows, int page, int lines) =>
        key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control } ? view with { HasQuit = true }
        : view.IsTyping ? Type(view, key)
        : view.ShownBoot is not null ? Read(view, key, page, lines)
        : Look(view, key, rows, page);

    private static TopView Type(TopView view, ConsoleKeyInfo key) => key.Key switch
    {
        ConsoleKey.Enter => view with { IsTyping = false },
        ConsoleKey.Escape => view with { IsTyping = false, Filter = "" },
        ConsoleKey.Backspace => view with { Filter = view.Filter.Length > 0 ? view.Filter[..^1] : "" },
        _ when key.KeyChar is >= ' ' and < '\u007f' && view.Filter.Length < MaxFilter => view with { Filter = view.Filter + key.KeyChar },
        _ => view,
    };

    private static TopView Read(TopView view, ConsoleKeyInfo key, int page, int lines)
    {
        int last = Math.Max(0, lines - page);
        return key.Key switch
        {
            ConsoleKey.Escape or ConsoleKey.Enter or ConsoleKey.LeftArrow or ConsoleKey.Backspace => view with { ShownBoot = null, Scroll = 0 },
            ConsoleKey.UpArrow => Scrolled(-1),
            ConsoleKey.DownArrow => Scrolled(1),
            ConsoleKey.PageUp => Scrolled(-page),
            ConsoleKey.PageDown or ConsoleKey.Spacebar => Scrolled(page),
            ConsoleKey.Home => view with { Scroll = 0 },
            ConsoleKey.End => view with { Scroll = last },
            _ => key.KeyChar == 'q' ? view with { HasQuit = true } : view,
        };

        TopView Scrolled(int by) => view with { Scroll = Math.Clamp(view.Scroll + by, 0, last) };
    }

    private static TopView Look(TopView view, ConsoleKeyInfo key, IReadOnlyList<string> rows, int page)
    {
        int at = Math.Max(0, rows.ToList().IndexOf(view.Selected ?? ""));
        return key.Key switch
        {
            ConsoleKey.UpArrow => Select(at - 1),
            ConsoleKey.DownArrow => Select(at + 1),
            ConsoleKey.PageUp => Select(at - page),
            ConsoleKey.PageDown or ConsoleKey.Spacebar => Select(at + page),
            ConsoleKey.Home => Select(0),
            ConsoleKey.End => Select(rows.Count - 1),
            ConsoleKey.Tab => view with { Pane = (TopPane)(((int)view.Pane + 1) % 4), Selected = null },
            ConsoleKey.Escape => view with { Filter = "" },
            ConsoleKey.Enter when view.Pane == TopPane.Boots && rows.Count > 0 =>
                view with { ShownBoot = rows[at], Selected = rows[at], Scroll = 0 },
            _ => key.KeyChar switch
            {
                'q' => view with { HasQuit = true },
                'f' or '/' => view with { IsTyping = true },
                'b' => view with { Pane = TopPane.Boots, Selected = null },
                'p' => view with { Pane = TopPane.Providers, Selected = null },
                'c' => view with { Pane = TopPane.Channels, Selected = null },
                's' => view with { Pane = TopPane.Silos, Selected = null },
                _ => view,
            },
        };

        TopView Select(int row) => rows.Count == 0 ? view : view with { Selected = rows[Math.Clamp(row, 0, rows.Count - 1)] };
    }
}
