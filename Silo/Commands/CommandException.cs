namespace PhaseMesh.Silo.Commands;

/// <summary>Ends a command with an exit code and one line on standard error: what happened, where, and what to do.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
