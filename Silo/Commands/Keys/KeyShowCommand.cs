using System.CommandLine;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Commands.Keys;

/// <summary><c>plasmd key show</c>: the public half of a key, in the forms other places want it. Never prints a private key.</summary>
internal static class KeyShowCommand
{
    private const string Examples = """
        # This node's identity
        plasmd key show
        # The file that boot images and 'manifest verify --trust' take
        plasmd key show release.key --public > release.pub
        """;

    public static Command Create(CommandContext context)
    {
        var file = new Argument<string?>("FILE")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "A private or public key file. Default: this node's identity.",
        };
        var publicOnly = new Option<bool>("--public") { Description = "Print the public key as PEM and nothing else." };
        Option<string?> state = CommandOptions.StateDirectory();
        var command = new PlasmdCommand("show", "Show a key's id, its public PEM, and what to put in phase.trust.", Examples)
        {
            file, publicOnly, state,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file)
                ?? Path.Combine(SigningKeys.StateDirectory(parsed.GetValue(state), context), NodeIdentity.FileName);
            Ed25519PublicKey key = Read(path, isIdentity: parsed.GetValue(file) is null);
            if (parsed.GetValue(publicOnly))
            {
                context.Output.Write(key.ToPem());
                return ExitCode.Ok;
            }

            context.Output.WriteLine($"file:        {path}");
            context.Output.WriteLine($"key id:      {key.KeyId}");
            context.Output.WriteLine($"kernel line: phase.trust={key.KeyId}");
            context.Output.Write(key.ToPem());
            return ExitCode.Ok;
        });
        return command;
    }

    private static Ed25519PublicKey Read(string path, bool isIdentity)
    {
        if (!File.Exists(path))
        {
            throw new CommandException(ExitCode.Failure, isIdentity
                ? $"This node has no identity yet: there is no {path}. 'plasmd serve' makes one on its first start; see --state-dir."
                : $"There is no key file {path}; make one with 'plasmd key generate --output {path}'.");
        }

        if (Ed25519PublicKey.TryParse(TrustedKeys.ReadText(path), out Ed25519PublicKey key))
        {
            return key;
        }

        using var secret = Ed25519PrivateKey.LoadFile(path);
        return secret.PublicKey;
    }
}
