using System.CommandLine;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Commands.Keys;

/// <summary><c>plasmd key generate</c>: a new Ed25519 key in a file only its owner reads.</summary>
internal static class KeyGenerateCommand
{
    private const string Examples = """
        plasmd key generate --output release.key
        plasmd key show release.key --public > release.pub
        """;

    public static Command Create(CommandContext context)
    {
        var output = new Option<string>("--output", "-o")
        {
            HelpName = "FILE",
            Required = true,
            Description = "Where the private key goes (PEM, mode 0600); an existing file is never overwritten.",
        };
        var command = new PlasmdCommand("generate", "Make a new signing key.", Examples) { output };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(output);
            using var key = Ed25519PrivateKey.Generate();
            key.SaveFile(path);
            context.Output.WriteLine($"{path}: {key.PublicKey}");
            return ExitCode.Ok;
        });
        return command;
    }
}
