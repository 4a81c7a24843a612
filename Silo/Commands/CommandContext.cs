using PhaseMesh.Mdns.Network;
using PhaseMesh.Silo.Commands.Top;
using PhaseMesh.Silo.Configuration;
using Spectre.Console;

namespace PhaseMesh.Silo.Commands;

/// <summary>What commands take from the process they run in; tests give their own.</summary>
internal sealed class CommandContext
{
    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    public required HostSurroundings Host { get; init; }

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>As it is now.</summary>
    public Func<TerminalSize> TerminalSize { get; init; } = () => Commands.TerminalSize.Unknown;

    /// <summary>Takes the terminal over until it is disposed of.</summary>
    public Func<ITopTerminal> OpenTerminal { get; init; } = TopTerminal.Open;

    /// <summary>Opens the links to listen on. Null: the machine's own.</summary>
    public Func<IMulticastNetwork>? Multicast { get; init; }

    /// <summary>Runs the provider until it is stopped; gives the exit code. ASP.NET is loaded only when this is called.</summary>
    public required Func<ProviderOptions, CancellationToken, Task<int>> Serve { get; init; }

    public static CommandContext OfThisProcess(Func<ProviderOptions, CancellationToken, Task<int>> serve) => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Host = HostSurroundings.OfThisProcess,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        TerminalSize = Commands.TerminalSize.OfThisProcess,
        Serve = serve,
    };

    /// <summary>
    /// Whether to draw: bars and colours are for terminals that can, and for people who did not ask for none (https://no-color.org).
    /// </summary>
    public bool CanDrawOn(bool isTerminal) =>
        isTerminal && string.IsNullOrEmpty(Host.Variable("NO_COLOR")) && Host.Variable("TERM") is not ("dumb" or null or "");

    public IAnsiConsole Draw(TextWriter writer, bool isTerminal)
    {
        bool draws = CanDrawOn(isTerminal);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = draws ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = draws ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = draws ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        return console;
    }
}
