using System.Text;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>Turns frames into what a terminal must be sent: the lines that changed, in one piece (ECMA-48: CUP, EL, ED).</summary>
internal sealed class TopScreen(bool hasColours)
{
    private IReadOnlyList<string> _shown = [];
    private TerminalSize _size;

    /// <summary>The next frame is drawn whole: something else may have written over it.</summary>
    public void Forget() => _shown = [];

    /// <returns>Empty when nothing changed.</returns>
    public string Show(TopFrame frame, TerminalSize size)
    {
        List<string> lines = [.. frame.Lines.Select(line => line.ToAnsi(hasColours))];
        StringBuilder changes = new();
        bool isWhole = _shown.Count != lines.Count || size != _size;
        if (isWhole)
        {
            changes.Append("\u001b[0m\u001b[2J");
        }

        for (int row = 0; row < lines.Count; row++)
        {
            if (isWhole ? lines[row].Length > 0 : lines[row] != _shown[row])
            {
                // A full line leaves the cursor past the edge, where erasing would take its last character: so erase first.
                changes.Append($"\u001b[{row + 1};1H\u001b[K").Append(lines[row]);
            }
        }

        (_shown, _size) = (lines, size);
        return changes.ToString();
    }
}
