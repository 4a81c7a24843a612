using System.CommandLine;

namespace PhaseMesh.Silo.Commands;

/// <summary>A command whose help ends with examples.</summary>
/// <param name="examples">Complete command lines, one a line; a line that starts with # explains the next one.</param>
internal sealed class PlasmdCommand(string name, string description, string examples) : Command(name, description)
{
    public string Examples { get; } = examples;
}
