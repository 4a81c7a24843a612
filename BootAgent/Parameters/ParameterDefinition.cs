namespace PhaseMesh.BootAgent.Parameters;

/// <summary>One thing the agent can be told, and the two places where it can be said.</summary>
/// <param name="Name">The kernel parameter, such as <c>phase.mode</c>; null when only the host's command line has it.</param>
/// <param name="Flag">The command-line flag, such as <c>--mode</c>.</param>
/// <param name="IsSwitch">The flag takes no value.</param>
/// <param name="Expected">What an error tells the user to write.</param>
/// <param name="Default">What holds when it is not given, in words.</param>
/// <param name="Repeats">Several values add up; otherwise the last one on the kernel command line wins, as the kernel itself does
/// it.</param>
internal sealed record ParameterDefinition(
    string? Name, string Flag, bool IsSwitch, string Expected, string Default, string Meaning, bool Repeats = false)
{
    public string Key => Name ?? Flag;
}
