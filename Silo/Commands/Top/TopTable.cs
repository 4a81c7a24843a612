namespace PhaseMesh.Silo.Commands.Top;

/// <param name="Title">Its heading.</param>
/// <param name="Width">In characters; longer cells are cut.</param>
/// <param name="Rank">Where there is no room for all, those with the highest rank go first.</param>
internal sealed record TopColumn(string Title, int Width, int Rank, bool IsNumber = false);

/// <summary>A row, whose words are made when they are looked at: of 5,000 that are sorted, 30 are drawn.</summary>
/// <param name="key">What it is known by, so that a selection stays on it while others come and go.</param>
internal sealed class TopRow(string key, TopStyle style, Func<IReadOnlyList<string>> words)
{
    private IReadOnlyList<string>? _cells;

    public string Key => key;

    public TopStyle Style => style;

    public IReadOnlyList<string> Cells => _cells ??= words();
}

/// <summary>Columns as far as there is room for them; the last one shown gets what is left.</summary>
internal sealed class TopTable(params IReadOnlyList<TopColumn> columns)
{
    private const int Gap = 1;

    public TopLine Heading(int width) => Line(columns.Select(column => column.Title).ToList(), width, TopStyle.Bold);

    public TopLine Line(TopRow row, int width, bool isSelected)
    {
        TopLine line = Line(row.Cells, width, row.Style);
        return isSelected ? line.Highlighted(width) : line;
    }

    private TopLine Line(IReadOnlyList<string> cells, int width, TopStyle style)
    {
        List<int> shown = Shown(width);
        TopLine line = new();
        for (int i = 0; i < shown.Count; i++)
        {
            TopColumn column = columns[shown[i]];
            string cell = shown[i] < cells.Count ? TopLine.Clean(cells[shown[i]]) : "";
            bool isLast = i == shown.Count - 1;
            int room = isLast ? Math.Max(column.Width, width - line.Length) : column.Width;
            cell = cell.Length > room ? cell[..room] : cell;
            cell = column.IsNumber ? cell.PadLeft(column.Width) : isLast ? cell : cell.PadRight(room);
            line.Add(isLast ? cell : cell + new string(' ', Gap), style);
        }

        return line.Fit(width);
    }

    private List<int> Shown(int width)
    {
        List<int> shown = [];
        int used = 0;
        foreach (int index in Enumerable.Range(0, columns.Count).OrderBy(index => columns[index].Rank))
        {
            used += columns[index].Width + (shown.Count > 0 ? Gap : 0);
            if (used > width && shown.Count > 0)
            {
                break;
            }

            shown.Add(index);
        }

        shown.Sort();
        return shown;
    }
}
