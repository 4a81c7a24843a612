using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary>The release number of the next manifest: it only grows, or machines refuse it as a rollback.</summary>
internal static class ReleaseCounter
{
    private const long First = 1;

    /// <summary>One more than that of the manifest at the output's path; 1 when there is none.</summary>
    /// <exception cref="CommandException">What is there does not tell: it is no manifest, or one for another channel or
    /// architecture.</exception>
    public static async Task<long> NextAsync(string outputPath, ReleaseChannelName channel, MachineArch arch,
        CancellationToken cancellationToken)
    {
        if (outputPath == ManifestFile.StandardStream || !File.Exists(outputPath))
        {
            return First;
        }

        const string Remedy = "give --release N to replace it, or another --output";
        byte[] content = new byte[BootManifest.MaxBytes + 1];
        int length;
        await using (FileStream file = File.OpenRead(outputPath))
        {
            length = await file.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken);
        }

        if (!BootManifest.TryParse(content.AsMemory(0, length), out BootManifest? previous, out _))
        {
            throw new CommandException(ExitCode.Failure,
                $"{outputPath} is there already and is no manifest, so the next release number is not known; {Remedy}.");
        }

        return previous.Channel == channel && previous.Arch == arch
            ? (previous.Release ?? 0) + 1
            : throw new CommandException(ExitCode.Failure,
                $"{outputPath} is the manifest of {previous.Channel}/{previous.Arch}, not of {channel}/{arch}; {Remedy}.");
    }
}
