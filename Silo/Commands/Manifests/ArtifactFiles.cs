using System.CommandLine;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Catalog.Loading;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary>The options that name artifact files, and the provider's own search for the files of a release.</summary>
internal sealed class ArtifactFiles
{
    private readonly Option<string?> _kernel = FileOption(ArtifactKind.Kernel, "kernel, vmlinuz");
    private readonly Option<string?> _initramfs = FileOption(ArtifactKind.Initramfs, "initramfs, initramfs.img");
    private readonly Option<string?> _rootfs = FileOption(ArtifactKind.Rootfs, "rootfs, rootfs.sqfs, rootfs.squashfs");

    public void AddTo(Command command)
    {
        command.Add(_kernel);
        command.Add(_initramfs);
        command.Add(_rootfs);
    }

    /// <summary>The paths of the files, kernel first. Which of them a command needs is its own rule.</summary>
    /// <exception cref="CommandException">No kernel is found, or a file named by an option is not there.</exception>
    public IReadOnlyDictionary<ArtifactKind, string> Find(
        ParseResult parsed, string directory, ReleaseChannelName channel, MachineArch arch)
    {
        if (!Directory.Exists(directory))
        {
            throw new CommandException(ExitCode.Failure, $"The artifacts directory {directory} does not exist; check --artifacts.");
        }

        Dictionary<ArtifactKind, string> named = [];
        (ArtifactKind Kind, Option<string?> Option)[] options =
            [(ArtifactKind.Kernel, _kernel), (ArtifactKind.Initramfs, _initramfs), (ArtifactKind.Rootfs, _rootfs)];
        foreach ((ArtifactKind kind, Option<string?> option) in options)
        {
            if (parsed.GetValue(option) is { Length: > 0 } name)
            {
                named.Add(kind, name);
            }
        }

        var slot = new ReleaseSlot(channel, arch) { IsDefault = true, IsOnlyArch = true, ConfiguredNames = named };
        LocatedSet located = new ArtifactLocator(Path.GetFullPath(directory), FileStamps.ForThisSystem).Locate(slot, out string? problem)
            ?? throw new CommandException(ExitCode.Failure, $"{problem} Put it there, or name it with --kernel.");
        foreach ((ArtifactKind kind, string name) in named)
        {
            if (!located.Artifacts.ContainsKey(kind))
            {
                throw new CommandException(ExitCode.Failure,
                    $"There is no {kind.Name()} {name} in {located.Directory}, where the kernel is; check --{kind.Name()}.");
            }
        }

        return located.Artifacts.OrderBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value.Path);
    }

    private static Option<string?> FileOption(ArtifactKind kind, string standard) => new($"--{kind.Name()}")
    {
        HelpName = "NAME",
        Description =
            $"The {kind.Name()}'s file name in the artifacts directory, or an absolute path. Default: the first there is of {standard}.",
    };
}
