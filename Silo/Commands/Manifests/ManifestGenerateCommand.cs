using System.CommandLine;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands.Progress;
using PhaseMesh.Silo.Configuration;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary><c>plasmd manifest generate</c>: hashes a directory's artifacts into a manifest, signed or not.</summary>
internal sealed class ManifestGenerateCommand
{
    private const string Examples = """
        # Sign with this node's identity
        plasmd manifest generate --artifacts /srv/boot --output /srv/boot/manifest.json --sign
        # Sign with two keys, for thirty days, and give the target kernel a command line
        plasmd manifest generate -a /srv/boot -o manifest.json --key a.key --key b.key --expires 30d --cmdline "console=ttyS0 quiet"
        """;

    private readonly CommandContext _context;
    private readonly ArtifactFiles _files = new();
    private readonly Option<string?> _artifacts = CommandOptions.Artifacts("The directory with the boot artifacts.");
    private readonly Option<string> _output = new("--output", "-o")
    {
        HelpName = "FILE",
        Required = true,
        Description = "Where the manifest goes, whole or not at all; - is standard output.",
    };
    private readonly Option<string?> _channel =
        CommandOptions.Channel($"The release channel. Default: {ProviderConfiguration.DefaultChannel}.");
    private readonly Option<string?> _arch = CommandOptions.Arch("The architecture the kernel is for. Default: this machine's.");
    private readonly Option<string?> _version = new("--version")
    {
        HelpName = "TEXT",
        Description = "The version for people. Default: today's date, such as 2027.01.31.",
    };
    private readonly Option<string?> _release = new("--release")
    {
        HelpName = "N",
        Description = "The release number, which only grows. Default: one more than that of the manifest that --output replaces.",
    };
    private readonly Option<string?> _expires = new("--expires")
    {
        HelpName = "WHEN",
        Description = "When machines refuse it: 90m, 12h, 30d, 2w, or an RFC 3339 date-time. Default: never.",
    };
    private readonly Option<string?> _commandLine = new("--cmdline")
    {
        HelpName = "TEXT",
        Description = "The command line of the kernel that is booted.",
    };
    private readonly Option<string?> _chunkSize = new("--chunk-size")
    {
        HelpName = "BYTES",
        Description =
            $"How much one chunk digest covers: {ByteCountText.Rule}. Default: 1MiB, doubled until 4096 chunks cover an artifact.",
    };
    private readonly Option<bool> _sign = new("--sign")
    {
        Description = "Sign it: with the --key files, or without any with this node's identity.",
    };
    private readonly Option<string[]> _keys = CommandOptions.Keys("A private key to sign with, PEM; may be repeated.");
    private readonly Option<string?> _state = CommandOptions.StateDirectory();

    private ManifestGenerateCommand(CommandContext context) => _context = context;

    public static Command Create(CommandContext context)
    {
        var self = new ManifestGenerateCommand(context);
        self._artifacts.Required = true;
        CommandOptions.Checked(
            self._release, text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _), "a whole number from 0");
        CommandOptions.Checked(self._expires, text => ExpiryText.TryParse(text, context.Time.GetUtcNow(), out _), ExpiryText.Rule);
        CommandOptions.Checked(self._chunkSize, text => ByteCountText.TryParseChunkSize(text, out _), ByteCountText.Rule);
        var command = new PlasmdCommand("generate", "Make a manifest from a directory of boot artifacts.", Examples)
        {
            self._artifacts, self._output, self._channel, self._arch, self._version, self._release, self._expires, self._commandLine,
            self._chunkSize, self._sign, self._keys, self._state,
        };
        self._files.AddTo(command);
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        // Everything that can be refused early is, before minutes of hashing.
        string output = parsed.GetRequiredValue(_output);
        ReleaseChannelName channel = ReleaseChannelName.Parse(parsed.GetValue(_channel) ?? ProviderConfiguration.DefaultChannel);
        MachineArch arch = parsed.GetValue(_arch) is { } name ? MachineArch.Parse(name) : MachineArch.OfThisMachine;
        IReadOnlyDictionary<ArtifactKind, string> files = _files.Find(parsed, parsed.GetValue(_artifacts)!, channel, arch);
        if (!files.ContainsKey(ArtifactKind.Initramfs))
        {
            throw new CommandException(ExitCode.Failure,
                $"There is no initramfs beside {files[ArtifactKind.Kernel]}; put it there, or name it with --initramfs.");
        }

        long release = parsed.GetValue(_release) is { } given
            ? long.Parse(given, NumberStyles.None, CultureInfo.InvariantCulture)
            : await ReleaseCounter.NextAsync(output, channel, arch, cancellationToken);
        DateTimeOffset now = _context.Time.GetUtcNow();
        DateTimeOffset? expires =
            parsed.GetValue(_expires) is { } when && ExpiryText.TryParse(when, now, out DateTimeOffset time) ? time : null;
        int? chunkSize = parsed.GetValue(_chunkSize) is { } bytes && ByteCountText.TryParseChunkSize(bytes, out int size) ? size : null;
        string[] keyFiles = parsed.GetValue(_keys) ?? [];
        using SigningKeys keys = parsed.GetValue(_sign) || keyFiles.Length > 0
            ? SigningKeys.Load(keyFiles, parsed.GetValue(_state), _context)
            : SigningKeys.None;

        BootManifest manifest = new ManifestDraft
        {
            Version = parsed.GetValue(_version) ?? now.ToString("yyyy.MM.dd", CultureInfo.InvariantCulture),
            Channel = channel,
            Arch = arch,
            Release = release,
            Created = now,
            Expires = expires,
            CommandLine = parsed.GetValue(_commandLine),
            Artifacts = await HashAsync(files, chunkSize, cancellationToken),
        }.Build(keys.Keys);
        await ManifestOutput.WriteAsync(manifest, output, _context, cancellationToken);
        return ExitCode.Ok;
    }

    private async Task<List<ManifestArtifact>> HashAsync(
        IReadOnlyDictionary<ArtifactKind, string> files, int? chunkSizeBytes, CancellationToken cancellationToken)
    {
        List<ManifestArtifact> artifacts = [];
        foreach ((ArtifactKind kind, string path) in files)
        {
            using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            await using ProgressLine progress = ProgressLine.Hashing(_context, kind.Name(), RandomAccess.GetLength(file));
            artifacts.Add(await ArtifactHasher.HashAsync(file, kind, $"/{kind.Name()}", chunkSizeBytes, progress, cancellationToken));
        }

        return artifacts;
    }
}
