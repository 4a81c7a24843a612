namespace PhaseMesh.BootAgent.Parameters;

/// <summary>Brings together the two places parameters come from; a flag beats the kernel command line.</summary>
internal static class AgentSetup
{
    private const string MachineCommandLine = "/proc/cmdline";

    /// <exception cref="BootFailedException">Something given is wrong; the message names all of it.</exception>
    public static AgentOptions Bind(IReadOnlyList<string> arguments)
    {
        ParameterValues flags = new();
        HostArguments.Read(arguments, flags);
        ParameterValues values = new();
        string? commandLineFile = flags.LastOf(ParameterTable.CommandLineFile)?.Text
            ?? (flags.Has(ParameterTable.NoKexec) ? null : MachineCommandLine);
        if (commandLineFile is not null)
        {
            KernelCommandLine.ReadFile(commandLineFile, values);
        }

        HostArguments.Read(arguments, values);
        return new OptionsBinder(values).Bind(BuildStamp.BuiltAt);
    }
}
