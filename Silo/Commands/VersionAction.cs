using System.CommandLine;
using System.CommandLine.Invocation;

namespace PhaseMesh.Silo.Commands;

/// <summary>Prints <c>plasmd 0.1.0</c>: the version of this assembly, whatever process it runs in.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public static string Version { get; } = typeof(VersionAction).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine($"plasmd {Version}");
        return ExitCode.Ok;
    }
}
