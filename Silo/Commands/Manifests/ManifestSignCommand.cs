using System.CommandLine;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary><c>plasmd manifest sign</c>: adds signatures and changes nothing else.</summary>
internal static class ManifestSignCommand
{
    private const string Examples = """
        # Add a signature, in place
        plasmd manifest sign manifest.json --key release.key
        # Leave the original as it is
        plasmd manifest sign manifest.json --key release.key --output signed.json
        """;

    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The manifest; - is standard input." };
        Option<string[]> keys = CommandOptions.Keys("A private key to sign with, PEM; may be repeated. Default: this node's identity.");
        var output = new Option<string?>("--output", "-o")
        {
            HelpName = "FILE",
            Description = "Where the signed manifest goes. Default: in place.",
        };
        Option<string?> state = CommandOptions.StateDirectory();
        var command = new PlasmdCommand("sign", "Add signatures to a manifest; one of the same key is replaced.", Examples)
        {
            file, keys, output, state,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = parsed.GetRequiredValue(file);
            BootManifest manifest = await ManifestFile.ReadAsync(path, ExitCode.Failure, cancellationToken);
            using SigningKeys loaded = SigningKeys.Load(parsed.GetValue(keys) ?? [], parsed.GetValue(state), context);
            foreach (Ed25519PrivateKey key in loaded.Keys)
            {
                manifest = ManifestSigner.AddSignature(manifest, key);
            }

            await ManifestOutput.WriteAsync(manifest, parsed.GetValue(output) ?? path, context, cancellationToken);
            return ExitCode.Ok;
        });
        return command;
    }
}
