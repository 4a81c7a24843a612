using System.Text;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>A terminal as far as <c>top</c> needs one: what it is sent (ECMA-48) becomes a picture. Of what it doesn't know it complains.</summary>
internal sealed class TerminalTwin(int columns, int rows)
{
    private readonly StringBuilder _pending = new();
    private char[][] _cells = Blank(columns, rows);
    private (char[][] Cells, int Row, int Column) _first = (Blank(columns, rows), 0, 0);
    private int _row;
    private int _column;

    /// <summary>Whether the second screen is shown.</summary>
    public bool IsAlternate { get; private set; }

    public bool HasCursor { get; private set; } = true;

    public int Columns { get; private set; } = columns;

    public int Rows { get; private set; } = rows;

    public string Text => string.Join('\n', _cells.Select(row => new string(row).TrimEnd()));

    public void Resize(int columns, int rows) =>
        (Columns, Rows, _cells, _first) = (columns, rows, Blank(columns, rows), (Blank(columns, rows), 0, 0));

    /// <summary>In pieces of any size.</summary>
    public void Feed(string text)
    {
        _pending.Append(text);
        string input = _pending.ToString();
        int at = 0;
        while (at < input.Length)
        {
            int used = input[at] == '\u001b' ? Escape(input.AsSpan(at)) : Put(input[at]);
            if (used == 0)
            {
                break; // The rest of it is yet to come.
            }

            at += used;
        }

        _pending.Clear().Append(input.AsSpan(at));
    }

    private static char[][] Blank(int columns, int rows) => [.. Enumerable.Range(0, rows).Select(_ => new string(' ', columns).ToCharArray())];

    private int Put(char character)
    {
        switch (character)
        {
            case '\r':
                _column = 0;
                break;
            case '\n':
                _row = Math.Min(_row + 1, Rows - 1);
                break;
            default:
                // Without wrapping what comes after the edge overwrites the last column.
                _cells[_row][Math.Min(_column, Columns - 1)] = character;
                _column++;
                break;
        }

        return 1;
    }

    private int Escape(ReadOnlySpan<char> input)
    {
        if (input.Length < 2)
        {
            return 0;
        }

        if (input[1] is '=' or '>')
        {
            return 2; // Keypad modes, which .NET sets.
        }

        Assert.Equal('[', input[1]);
        int end = 2;
        while (end < input.Length && input[end] is < '@' or > '~')
        {
            end++;
        }

        if (end == input.Length)
        {
            return 0;
        }

        Control(input[end], input[2..end].ToString());
        return end + 1;
    }

    private void Switch(bool toAlternate)
    {
        if (toAlternate)
        {
            _first = (_cells, _row, _column);
            _cells = Blank(Columns, Rows);
        }
        else
        {
            (_cells, _row, _column) = _first;
        }

        IsAlternate = toAlternate;
    }

    private void Control(char final, string parameters)
    {
        switch (final, parameters)
        {
            case ('m', _) or ('h' or 'l', "?7" or "?1"):
                break;
            case ('h' or 'l', "?1049"):
                Switch(final == 'h');
                break;
            case ('h' or 'l', "?25"):
                HasCursor = final == 'h';
                break;
            case ('J', "2"):
                _cells = Blank(Columns, Rows);
                break;
            case ('K', ""):
                Array.Fill(_cells[_row], ' ', Math.Min(_column, Columns - 1), Columns - Math.Min(_column, Columns - 1));
                break;
            case ('H', _):
                string[] place = parameters.Split(';');
                (_row, _column) = (Math.Min(int.Parse(place[0]), Rows) - 1, int.Parse(place[1]) - 1);
                break;
            default:
                Assert.Fail($"This terminal does not know ESC [ {parameters} {final}.");
                break;
        }
    }
}
