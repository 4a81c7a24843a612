using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>Where one artifact's bytes go: a window of a file, which is laid out before the download begins.</summary>
internal sealed class ArtifactSlot(ManifestArtifact artifact, SafeFileHandle file, long offset)
{
    public ManifestArtifact Artifact { get; } = artifact;

    public SafeFileHandle File { get; } = file;

    public long Offset { get; } = offset;

    /// <exception cref="BootFailedException">There is no room for it.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long at)
    {
        try
        {
            RandomAccess.Write(File, bytes, Offset + at);
        }
        catch (IOException error)
        {
            throw new BootFailedException(AgentExitCode.StorageFailed,
                $"{Artifact.Kind.Name()} cannot be stored ({error.Message}); {Artifact.SizeBytes} bytes are needed for it", error);
        }
    }

    public int Read(Span<byte> buffer, long at)
    {
        int wanted = (int)Math.Min(buffer.Length, Artifact.SizeBytes - at);
        return wanted <= 0 ? 0 : RandomAccess.Read(File, buffer[..wanted], Offset + at);
    }
}
