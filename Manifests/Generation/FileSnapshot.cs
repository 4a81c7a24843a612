using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.Manifests;

/// <summary>What tells that a file was written to.</summary>
internal readonly record struct FileSnapshot(long SizeBytes, DateTime ModifiedUtc)
{
    internal static FileSnapshot Of(SafeFileHandle file) => new(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));

    /// <exception cref="ArtifactChangedException">The two differ.</exception>
    internal void ThrowIfChanged(FileSnapshot after)
    {
        if (after.SizeBytes != SizeBytes)
        {
            throw new ArtifactChangedException(
                $"The file has {after.SizeBytes} bytes, it had {SizeBytes} when hashing began; hash it again once nothing writes to it.");
        }

        if (after.ModifiedUtc != ModifiedUtc)
        {
            throw new ArtifactChangedException(
                $"The file was modified at {after.ModifiedUtc:O}, while it was being hashed; hash it again once nothing writes to it.");
        }
    }
}
