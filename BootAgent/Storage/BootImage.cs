using System.Buffers;
using PhaseMesh.BootAgent.Carry;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>
/// The two memory files that kexec takes: the kernel, and the initramfs with the cpio archive behind it in which manifest and artifacts
/// ride along, and last the boot's trace. The rootfs is downloaded to its final place; kernel and initramfs, the small ones, are copied
/// there once verified.
/// </summary>
internal sealed class BootImage : IArtifactStorage
{
    private const string Folder = "phase";
    private const string TraceName = $"{Folder}/trace.json";
    private const int CopyBytes = 256 * 1024;
    private readonly CpioArchive _archive;
    private readonly Dictionary<ArtifactKind, ArtifactSlot> _slots = [];

    /// <exception cref="BootFailedException">The artifacts don't fit a cpio archive or the machine's memory.</exception>
    /// <param name="availableBytes">Memory that can be had without swapping; null when unknown.</param>
    public BootImage(BootManifest manifest, long? availableBytes, BootConsole console)
    {
        ManifestArtifact initramfs = manifest.Artifacts[ArtifactKind.Initramfs];
        _archive = new CpioArchive(CpioArchive.Align(initramfs.SizeBytes));
        _archive.AddDirectory(Folder);
        _archive.AddFile($"{Folder}/manifest.json", manifest.RawBytes.Length);
        foreach (ManifestArtifact artifact in manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind))
        {
            if (artifact.SizeBytes > CpioArchive.MaxFileBytes)
            {
                throw new BootFailedException(AgentExitCode.StorageFailed,
                    $"{artifact.Kind.Name()} has {artifact.SizeBytes} bytes; the cpio archive it rides in holds at most "
                    + $"{CpioArchive.MaxFileBytes} a file. Make the artifact smaller");
            }

            _archive.AddFile(NameOf(artifact.Kind), artifact.SizeBytes);
        }

        CheckMemory(manifest.Artifacts[ArtifactKind.Kernel].SizeBytes + _archive.EndOffset, availableBytes, console);
        Kernel = MemoryFile.Create("phase-kernel", manifest.Artifacts[ArtifactKind.Kernel].SizeBytes);
        Initrd = MemoryFile.Create("phase-initrd", _archive.EndOffset);
        foreach (ManifestArtifact artifact in manifest.Artifacts.Values)
        {
            _slots.Add(artifact.Kind, artifact.Kind switch
            {
                ArtifactKind.Kernel => new ArtifactSlot(artifact, Kernel.Handle, 0),
                ArtifactKind.Initramfs => new ArtifactSlot(artifact, Initrd.Handle, 0),
                _ => new ArtifactSlot(artifact, Initrd.Handle, _archive.DataOffsetOf(NameOf(artifact.Kind))),
            });
        }
    }

    public MemoryFile Kernel { get; }

    public MemoryFile Initrd { get; }

    public ArtifactSlot SlotOf(ArtifactKind kind) => _slots[kind];

    public string Complete(BootManifest manifest, string targetCommandLine, Func<byte[]> trace)
    {
        Kernel.Seal();
        Copy(_slots[ArtifactKind.Kernel]);
        Copy(_slots[ArtifactKind.Initramfs]);
        byte[] carried = trace();
        if (carried.Length > 0)
        {
            _archive.AddFile(TraceName, carried.Length);
        }

        _archive.AddTrailer();
        RandomAccess.SetLength(Initrd.Handle, _archive.EndOffset);
        foreach ((long offset, byte[] header) in _archive.Headers)
        {
            RandomAccess.Write(Initrd.Handle, header, offset);
        }

        RandomAccess.Write(Initrd.Handle, manifest.RawBytes.Span, _archive.DataOffsetOf($"{Folder}/manifest.json"));
        if (carried.Length > 0)
        {
            RandomAccess.Write(Initrd.Handle, carried, _archive.DataOffsetOf(TraceName));
        }

        Initrd.Seal();
        return $"sealed in memory: kernel {ByteText.Of(_slots[ArtifactKind.Kernel].Artifact.SizeBytes)}, "
            + $"initramfs with everything for the next machine {ByteText.Of(_archive.EndOffset)}";
    }

    public void Dispose()
    {
        Kernel.Dispose();
        Initrd.Dispose();
    }

    private static string NameOf(ArtifactKind kind) => $"{Folder}/{kind.Name()}";

    private void Copy(ArtifactSlot from)
    {
        long target = _archive.DataOffsetOf(NameOf(from.Artifact.Kind));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        for (long at = 0; at < from.Artifact.SizeBytes;)
        {
            int read = from.Read(buffer, at);
            RandomAccess.Write(Initrd.Handle, buffer.AsSpan(0, read), target + at);
            at += read;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>
    /// While kexec_file_load runs, the kernel holds the image three times (ours, its read buffer, the segments it will boot), and keeps
    /// pages
    /// it could not use. Measured: 43 MiB of images load in a machine of 288 MiB and not in one of 256 MiB.
    /// </summary>
    private static void CheckMemory(long imageBytes, long? availableBytes, BootConsole console)
    {
        const int KexecCopies = 4;
        if (availableBytes is not { } available)
        {
            return;
        }

        if (imageBytes > available)
        {
            throw new BootFailedException(AgentExitCode.StorageFailed,
                $"the release needs {ByteText.Of(imageBytes)} of memory and {ByteText.Of(available)} are free; "
                + "use a machine with more memory or a smaller release");
        }

        if (imageBytes * KexecCopies > available)
        {
            console.Warn($"kexec needs up to {ByteText.Of(imageBytes * KexecCopies)} of memory for a moment and "
                + $"{ByteText.Of(available)} are free; it may fail");
        }
    }
}
