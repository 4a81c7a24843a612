namespace PhaseMesh.Silo.Commands;

/// <summary>Text from files and the network on its way to a terminal.</summary>
internal static class SingleLine
{
    /// <summary>Control characters, which could move the cursor or recolour the screen, become '?'; line ends become blanks.</summary>
    public static string Of(string text) => string.Create(text.Length, text, (line, source) =>
    {
        for (int i = 0; i < source.Length; i++)
        {
            line[i] = source[i] is '\r' or '\n' ? ' ' : char.IsControl(source[i]) ? '?' : source[i];
        }
    });
}
