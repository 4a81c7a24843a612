using System.Text;

namespace PhaseMesh.Silo.Commands.Top;

internal enum TopStyle
{
    Plain,
    Bold,
    Faint,
    Good,
    Warning,
    Bad,
    Selected,
}

/// <summary>One line of a frame: pieces of text with a style each. A character is one column: others than Latin ones become '?'.</summary>
internal sealed class TopLine
{
    private const char LastNarrow = '\u024f';

    private readonly List<(string Text, TopStyle Style)> _pieces = [];

    public static TopLine Empty { get; } = new();

    public int Length { get; private set; }

    public string Text => string.Concat(_pieces.Select(piece => piece.Text));

    public static TopLine Of(string text, TopStyle style = TopStyle.Plain) => new TopLine().Add(text, style);

    public TopLine Add(string text, TopStyle style = TopStyle.Plain)
    {
        string clean = Clean(text);
        _pieces.Add((clean, style));
        Length += clean.Length;
        return this;
    }

    /// <summary>Cut to a width; one that is selected is filled up to it.</summary>
    public TopLine Fit(int width)
    {
        TopLine fitted = new();
        foreach ((string text, TopStyle style) in _pieces)
        {
            int room = width - fitted.Length;
            if (room > 0)
            {
                fitted.Add(text.Length <= room ? text : text[..room], style);
            }
        }

        return fitted;
    }

    /// <summary>All of it in one style, over the whole width.</summary>
    public TopLine Highlighted(int width) => Of(Text.PadRight(width), TopStyle.Selected);

    /// <summary>For a terminal (ECMA-48, SGR); ends in the plain style.</summary>
    public string ToAnsi(bool hasColours)
    {
        StringBuilder line = new();
        foreach ((string text, TopStyle style) in _pieces)
        {
            string code = CodeOf(style, hasColours);
            line.Append(code.Length == 0 ? text : $"\u001b[{code}m{text}\u001b[0m");
        }

        return line.ToString();
    }

    /// <summary>Text from the network, one column a character.</summary>
    internal static string Clean(string text) => string.Create(text.Length, text, (clean, source) =>
    {
        for (int i = 0; i < source.Length; i++)
        {
            clean[i] = source[i] is '\n' or '\r' or '\t' ? ' ' : char.IsControl(source[i]) || source[i] > LastNarrow ? '?' : source[i];
        }
    });

    private static string CodeOf(TopStyle style, bool hasColours) => style switch
    {
        TopStyle.Bold => "1",
        TopStyle.Faint => "2",
        TopStyle.Selected => "7",
        TopStyle.Good when hasColours => "32",
        TopStyle.Warning when hasColours => "33",
        TopStyle.Bad when hasColours => "31",
        _ => "",
    };
}
