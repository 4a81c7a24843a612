namespace PhaseMesh.Silo.Commands;

/// <summary>Of the terminal that is drawn on.</summary>
internal readonly record struct TerminalSize(int Columns, int Rows)
{
    public static TerminalSize Unknown { get; } = new(80, 24);

    /// <summary>A terminal that doesn't know, such as a serial line, says 0.</summary>
    public static TerminalSize OfThisProcess() => new(
        Console.WindowWidth > 0 ? Console.WindowWidth : Unknown.Columns, Console.WindowHeight > 0 ? Console.WindowHeight : Unknown.Rows);
}
