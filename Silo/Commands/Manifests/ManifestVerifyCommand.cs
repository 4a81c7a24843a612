using System.CommandLine;
using System.Globalization;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary><c>plasmd manifest verify</c>: what a machine would say to a manifest, and whether a directory holds what it names.</summary>
internal sealed class ManifestVerifyCommand
{
    private const string Examples = """
        # Would a machine that trusts this key boot it?
        plasmd manifest verify manifest.json --trust release.pub --channel stable --arch x86_64
        # Are the files the ones that were signed?
        plasmd manifest verify /srv/boot/manifest.json --trust release.pub --artifacts /srv/boot
        """;

    private readonly CommandContext _context;
    private readonly ArtifactFiles _files = new();
    private readonly Argument<string> _file = new("FILE") { Description = "The manifest; - is standard input." };
    private readonly Option<string[]> _trust =
        CommandOptions.Trust("A key whose signature counts: a key id, or a file with a public key; may be repeated. Default: any key.");
    private readonly Option<string?> _threshold = new("--threshold")
    {
        HelpName = "N",
        Description = "How many of the trusted keys must have signed. Default: 1.",
    };
    private readonly Option<string?> _artifacts = CommandOptions.Artifacts("Also compare the digests with the files in this directory.");
    private readonly Option<string?> _channel = CommandOptions.Channel("Refuse another channel's.");
    private readonly Option<string?> _arch = CommandOptions.Arch("Refuse another architecture's.");

    private ManifestVerifyCommand(CommandContext context) => _context = context;

    public static Command Create(CommandContext context)
    {
        var self = new ManifestVerifyCommand(context);
        CommandOptions.Checked(
            self._threshold,
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0,
            "a whole number from 1");
        var command = new PlasmdCommand("verify", "Check a manifest's signatures, and the artifacts' digests.", Examples)
        {
            self._file, self._trust, self._threshold, self._artifacts, self._channel, self._arch,
        };
        self._files.AddTo(command);
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string path = parsed.GetRequiredValue(_file);
        List<Ed25519PublicKey> trusted =
            [.. (parsed.GetValue(_trust) ?? []).Select(key => TrustedKeys.Read(key, ExitCode.Usage)).Distinct()];
        int threshold = parsed.GetValue(_threshold) is { } count ? int.Parse(count, CultureInfo.InvariantCulture) : 1;
        if (trusted.Count > 0 && threshold > trusted.Count)
        {
            throw new CommandException(ExitCode.Usage,
                $"--threshold is {threshold}, but only {trusted.Count} different keys are trusted; give more with --trust.");
        }

        BootManifest manifest = await ManifestFile.ReadAsync(path, ExitCode.Refused, cancellationToken);
        bool anyKey = trusted.Count == 0;
        if (anyKey)
        {
            // A key id holds its key, so a signature can be checked even when nobody says whom to trust. Every one must then be valid.
            trusted.AddRange(manifest.Signatures
                .Select(signature => Ed25519PublicKey.TryParse(signature.KeyId, out Ed25519PublicKey key) ? key : default)
                .Distinct());
            trusted.Remove(default);
        }

        if (trusted.Count == 0 || (anyKey && threshold > trusted.Count))
        {
            throw new CommandException(ExitCode.Refused,
                $"{path}: Manifest has signatures by {trusted.Count} keys, expected {threshold}; sign it with 'plasmd manifest sign'.");
        }

        ManifestVerdict verdict = ManifestVerifier.Verify(manifest, new TrustPolicy(trusted, threshold), new ManifestExpectation
        {
            Channel = parsed.GetValue(_channel) is { } channel ? ReleaseChannelName.Parse(channel) : null,
            Arch = parsed.GetValue(_arch) is { } arch ? MachineArch.Parse(arch) : null,
            Now = _context.Time.GetUtcNow(),
        });
        if (!verdict.IsTrusted)
        {
            throw new CommandException(ExitCode.Refused, $"{path}: {verdict.Message}");
        }

        if (parsed.GetValue(_artifacts) is { } directory)
        {
            IReadOnlyDictionary<ArtifactKind, string> files = _files.Find(parsed, directory, manifest.Channel, manifest.Arch);
            await ArtifactComparison.RunAsync(manifest, files, _context, cancellationToken);
        }

        _context.Output.WriteLine($"{ManifestOutput.Title(manifest, path)}: ok");
        foreach (Ed25519PublicKey signer in verdict.Signers)
        {
            _context.Output.WriteLine($"  signed by {signer}{(anyKey ? " (valid; give --trust to say whose signature counts)" : "")}");
        }

        return ExitCode.Ok;
    }
}
