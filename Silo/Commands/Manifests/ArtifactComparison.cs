using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands.Progress;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary>Whether files are what a manifest says: size, whole digest, and every chunk.</summary>
internal static class ArtifactComparison
{
    /// <exception cref="CommandException">The first difference, with the chunk it is in.</exception>
    public static async Task RunAsync(
        BootManifest manifest, IReadOnlyDictionary<ArtifactKind, string> files, CommandContext context, CancellationToken cancellationToken)
    {
        List<(ManifestArtifact Artifact, string Path)> pairs = [];
        foreach (ManifestArtifact artifact in manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind))
        {
            string name = artifact.Kind.Name();
            string path = files.TryGetValue(artifact.Kind, out string? found)
                ? found
                : throw new CommandException(ExitCode.Refused,
                    $"The manifest names a {name}, there is none beside {files[ArtifactKind.Kernel]}; name it with --{name}.");
            long sizeBytes = new FileInfo(path).Length;
            if (sizeBytes != artifact.SizeBytes)
            {
                throw new CommandException(ExitCode.Refused,
                    $"{path} has {sizeBytes} bytes, the manifest says {artifact.SizeBytes}; it is not the file that was signed.");
            }

            pairs.Add((artifact, path));
        }

        foreach ((ManifestArtifact artifact, string path) in pairs)
        {
            using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            await using ProgressLine progress = ProgressLine.Hashing(context, artifact.Kind.Name(), artifact.SizeBytes);
            ManifestArtifact actual = await ArtifactHasher.HashAsync(
                file, artifact.Kind, artifact.Path, artifact.Chunks?.ChunkSizeBytes, progress, cancellationToken);
            Compare(artifact, actual, path);
        }
    }

    private static void Compare(ManifestArtifact expected, ManifestArtifact actual, string path)
    {
        for (int i = 0; i < (expected.Chunks?.Count ?? 0) && i < actual.Chunks!.Count; i++)
        {
            if (expected.Chunks![i] != actual.Chunks[i])
            {
                (long offset, int length) = expected.Chunks.RangeOf(i);
                throw new CommandException(ExitCode.Refused,
                    $"{path} differs from the manifest between byte {offset} and {offset + length}; it is not the file that was signed.");
            }
        }

        if (expected.Digest != actual.Digest || expected.SizeBytes != actual.SizeBytes)
        {
            throw new CommandException(ExitCode.Refused,
                $"{path} is {actual.Digest}, the manifest says {expected.Digest}; it is not the file that was signed.");
        }
    }
}
