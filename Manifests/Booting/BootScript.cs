using System.Buffers;
using System.Text;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests.Booting;

/// <summary>
/// The script that has iPXE boot a release as phase-agent would: the target finds the same files under <c>/phase</c>.
/// </summary>
/// <remarks>
/// iPXE makes cpio members out of <c>initrd URL PATH mode=0444</c>; it makes no directory for them (not before 2025), hence
/// <see cref="DirectoryArchive"/>. Every URL carries its digest, so a release swapped in half-way can't mix with this one. Under UEFI the
/// kernel is told <c>initrd=initramfs</c>: an iPXE from before 2023 then hands over only that one, without the members.
/// iPXE splits at blanks, knows no quotes, expands <c>${...}</c> and gives meaning to <c>|| &amp;&amp; ;</c> and a leading <c>#</c>:
/// a command line with one of those cannot be said and is refused.
/// </remarks>
public static class BootScript
{
    /// <summary>What the x86 boot protocol takes, COMMAND_LINE_SIZE - 1; iPXE cuts off the rest.</summary>
    private const int MaxCommandLineLength = 2047;

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");

    /// <summary>A cpio archive (newc) of one directory, <c>phase</c>.</summary>
    public static ReadOnlyMemory<byte> DirectoryArchive { get; } = WriteDirectoryArchive();

    /// <summary>Whether a Host field may be written into a script.</summary>
    public static bool IsSafeHost(string? host) => host?.Length is > 0 and <= 255 && !host.AsSpan().ContainsAnyExcept(HostCharacters);

    /// <param name="manifest">Of the release to boot.</param>
    /// <param name="scheme"><c>http</c>, or <c>https</c> for a client that came so.</param>
    /// <param name="host">Host and port as the client wrote them; checked by <see cref="IsSafeHost"/>.</param>
    /// <param name="problem">Why there is no script.</param>
    /// <returns>Null if the command line can't be written down for iPXE.</returns>
    public static string? Write(BootManifest manifest, string scheme, string host, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        string provider = $"{scheme}://{host}";
        string slot = $"{provider}/{manifest.Channel}/{manifest.Arch}";
        string commandLine = string.Join(' ', new[]
        {
            "initrd=initramfs", manifest.CommandLine?.Trim(), $"phase.channel={manifest.Channel}", $"phase.arch={manifest.Arch}", $"phase.provider={provider}",
        }.Where(part => !string.IsNullOrEmpty(part)));
        problem = FindProblem(commandLine);
        if (problem is not null)
        {
            return null;
        }

        StringBuilder script = new();
        script.Append("#!ipxe\n");
        script.Append($"# PhaseMesh {manifest.Channel}/{manifest.Arch} {manifest.Version}, manifest {manifest.Digest}\n");
        script.Append($"kernel --name kernel {UrlOf(ArtifactKind.Kernel)} {commandLine}\n");
        script.Append($"initrd --name initramfs {UrlOf(ArtifactKind.Initramfs)}\n");
        script.Append($"initrd --name phase-directory {slot}/phase.cpio\n");
        script.Append($"initrd --name phase-manifest {slot}/manifest.json?digest={manifest.Digest} /phase/manifest.json mode=0444\n");
        foreach (ArtifactKind kind in ArtifactKinds.All.Where(manifest.Artifacts.ContainsKey))
        {
            script.Append($"initrd --name phase-{kind.Name()} {UrlOf(kind)} /phase/{kind.Name()} mode=0444\n");
        }

        script.Append("boot kernel\n");
        return script.ToString();

        string UrlOf(ArtifactKind kind) => $"{slot}/{kind.Name()}?digest={manifest.Artifacts[kind].Digest}";
    }

    private static string? FindProblem(string commandLine)
    {
        if (commandLine.Length > MaxCommandLineLength)
        {
            return $"The kernel command line has {commandLine.Length} characters with what PhaseMesh adds; iPXE takes {MaxCommandLineLength}.";
        }

        if (commandLine.Contains("${", StringComparison.Ordinal) || commandLine.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            return "The signed kernel command line holds '${' or a control character, which iPXE would take for its own.";
        }

        string? token = commandLine.Split(' ').FirstOrDefault(word => word is "||" or "&&" or ";" || word.StartsWith('#'));
        return token is null ? null : $"The signed kernel command line holds '{token}', which iPXE would take for its own.";
    }

    private static ReadOnlyMemory<byte> WriteDirectoryArchive()
    {
        StringBuilder archive = new();
        Append("phase", 0x41ed, 2); // drwxr-xr-x
        Append("TRAILER!!!", 0, 1);
        return Encoding.ASCII.GetBytes(archive.ToString());

        void Append(string name, int mode, int links)
        {
            // magic, then ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check; padded to 4 with the name.
            int[] fields = [0, mode, 0, 0, links, 0, 0, 0, 0, 0, 0, name.Length + 1, 0];
            archive.Append("070701").AppendJoin("", fields.Select(field => field.ToString("x8"))).Append(name).Append('\0');
            archive.Append('\0', -archive.Length & 3);
        }
    }
}
