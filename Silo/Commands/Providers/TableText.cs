using Spectre.Console;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary>
/// Columns for people. The cells come from the network, so they are shown as plain text, never as markup or control codes.
/// </summary>
internal sealed class TableText
{
    /// <summary>A cell is never cut or broken: terminals wrap whole lines, and a pipe has no width.</summary>
    private const int WidestLine = 4096;

    private readonly Table _table = new() { Border = TableBorder.None };

    public TableText(params string[] headers)
    {
        foreach (string header in headers)
        {
            var text = new Text(header, new Style(decoration: Decoration.Bold));
            _table.AddColumn(new TableColumn(text) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        }
    }

    public void Add(params string?[] cells) => _table.AddRow(cells.Select(cell => new Text(SingleLine.Of(cell ?? "-"))));

    public void WriteTo(CommandContext context)
    {
        // Rendered aside first: Spectre pads every row to the last column, and trailing blanks are a nuisance in a pipe.
        using var rendered = new StringWriter();
        IAnsiConsole console = context.Draw(rendered, context.OutputIsTerminal);
        console.Profile.Width = WidestLine;
        console.Write(_table);
        foreach (string line in rendered.ToString().TrimEnd().Split('\n'))
        {
            context.Output.WriteLine(line.TrimEnd());
        }
    }
}
