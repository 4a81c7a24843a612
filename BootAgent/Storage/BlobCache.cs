using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>
/// Verified artifacts on disk, in files named by their digest. What is taken from here is hashed on the way, so a file that has rotted
/// is found, deleted and fetched again. A boot never fails because of its cache.
/// </summary>
internal sealed class BlobCache(string directory, bool mayWrite, BootConsole console)
{
    private const string PartSuffix = ".part";
    private const int CopyBytes = 512 * 1024;

    /// <returns>Whether the slot now holds the verified artifact.</returns>
    public bool TryTake(ArtifactSlot slot)
    {
        string path = PathOf(slot.Artifact.Digest);
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            using SafeFileHandle file = File.OpenHandle(path);
            if (RandomAccess.GetLength(file) == slot.Artifact.SizeBytes && Copy(file, 0, slot.Artifact, slot.Write))
            {
                return true;
            }

            console.Warn($"{path} does not hold what its name says; {(mayWrite ? "it is deleted and" : "it is")} fetched again");
            if (mayWrite)
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            console.Warn($"{path} cannot be used: {error.Message}");
        }

        return false;
    }

    /// <summary>Written under another name, flushed, and only then given its own: a power cut leaves a whole file or none.</summary>
    public void Store(ArtifactSlot slot)
    {
        string path = PathOf(slot.Artifact.Digest);
        if (!mayWrite || File.Exists(path))
        {
            return;
        }

        try
        {
            DeleteLeftOvers();
            string part = path + PartSuffix;
            using (SafeFileHandle file = File.OpenHandle(
                part, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.None, slot.Artifact.SizeBytes))
            {
                if (!Copy(slot.File, slot.Offset, slot.Artifact, (piece, at) => RandomAccess.Write(file, piece, at)))
                {
                    throw new IOException($"what was copied from memory is not {slot.Artifact.Digest}.");
                }

                RandomAccess.FlushToDisk(file);
                File.Move(part, path, overwrite: true);
            }

            console.Debug($"{slot.Artifact.Kind.Name()} kept in {path}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            console.Warn($"{slot.Artifact.Kind.Name()} cannot be kept in the cache {directory}: {error.Message}");
        }
    }

    private delegate void PieceWriter(ReadOnlySpan<byte> piece, long at);

    /// <returns>Whether what was copied has the artifact's digest.</returns>
    private static bool Copy(SafeFileHandle from, long offset, ManifestArtifact artifact, PieceWriter write)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            for (long at = 0; at < artifact.SizeBytes;)
            {
                int read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(CopyBytes, artifact.SizeBytes - at)), offset + at);
                if (read == 0)
                {
                    return false;
                }

                hash.AppendData(buffer, 0, read);
                write(buffer.AsSpan(0, read), at);
                at += read;
            }

            Span<byte> digest = stackalloc byte[Sha256Digest.SizeBytes];
            hash.GetHashAndReset(digest);
            return new Sha256Digest(digest) == artifact.Digest;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Of an agent that was killed: nobody holds the lock on them.</summary>
    private void DeleteLeftOvers()
    {
        foreach (string part in Directory.GetFiles(directory, $"{Prefix}*{PartSuffix}"))
        {
            try
            {
                using SafeFileHandle _ = File.OpenHandle(part, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                File.Delete(part);
            }
            catch (IOException)
            {
                console.Debug($"{part} belongs to another agent at work");
            }
        }
    }

    private const string Prefix = "sha256-";

    private string PathOf(Sha256Digest digest) => Path.Combine(directory, Prefix + digest.ToHex());
}
