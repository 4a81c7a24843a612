using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace PhaseMesh.Silo.Commands;

/// <summary>The usual help, then the command's examples; the root's also lists the exit codes.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    private const string RootExamples = """
        # Serve a directory with vmlinuz, initramfs.img and rootfs.sqfs
        plasmd serve --artifacts /srv/boot --channel stable --arch x86_64 --port 8080
        # Look at the provider on this machine
        plasmd provider status
        # Complete commands and options in this shell
        source <(plasmd completion bash)
        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        string? examples = command is RootCommand ? RootExamples : (command as PlasmdCommand)?.Examples;
        if (examples is not null)
        {
            output.WriteLine("Examples:");
            foreach (string line in examples.Split('\n'))
            {
                output.WriteLine("  " + line);
            }

            output.WriteLine();
        }

        if (command is RootCommand)
        {
            output.WriteLine("Exit codes:");
            foreach ((int code, string meaning) in ExitCode.All)
            {
                output.WriteLine($"  {code,-4} {meaning}");
            }

            output.WriteLine();
        }

        return ExitCode.Ok;
    }
}
