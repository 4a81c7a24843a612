namespace PhaseMesh.BootAgent;

/// <summary>
/// The boot cannot go on. The message is the one line the operator reads on the console: what failed, where, and what to do.
/// </summary>
internal sealed class BootFailedException(AgentExitCode exitCode, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public AgentExitCode ExitCode { get; } = exitCode;
}
