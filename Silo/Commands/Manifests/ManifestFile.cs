using PhaseMesh.Manifests;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary>Reads a manifest from a path, or from standard input for <c>-</c>.</summary>
internal static class ManifestFile
{
    public const string StandardStream = "-";

    /// <param name="malformedExitCode">What a file that is no manifest means to the command.</param>
    public static async Task<BootManifest> ReadAsync(string path, int malformedExitCode, CancellationToken cancellationToken)
    {
        byte[] content = new byte[BootManifest.MaxBytes + 1];
        int length;
        try
        {
            await using Stream stream = path == StandardStream ? Console.OpenStandardInput() : File.OpenRead(path);
            length = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.Failure, $"There is no manifest {path}; make one with 'plasmd manifest generate'.");
        }

        return BootManifest.TryParse(content.AsMemory(0, length), out BootManifest? manifest, out ManifestFormatException? error)
            ? manifest
            : throw new CommandException(malformedExitCode, $"{path}: {SingleLine.Of(error.Message)}");
    }
}
