using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>Where one artifact's bytes go: a window of a file, which is laid out before the download begins.</summary>
internal sealed class ArtifactSlot(ManifestArtifact artifact, SafeFileHandle file, long offset)
{
    public ManifestArtifact Artifact { get; } = artifact;

    public SafeFileHandle File { get; } = file;

    public long Offset { get; } = offset;

    public void Write(ReadOnlySpan<byte> bytes, long at) => RandomAccess.Write(File, bytes, Offset + at);

    public int Read(Span<byte> buffer, long at)
    {
        int wanted = (int)Math.Min(buffer.Length, Artifact.SizeBytes - at);
        return wanted <= 0 ? 0 : RandomAccess.Read(File, buffer[..wanted], Offset + at);
    }
}
