using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.Silo.Catalog.Stamps;

/// <summary>Size and time of modification. A write that sets the time back afterwards is left to the scrub to find.</summary>
internal sealed class PortableFileStamps : IFileStamps
{
    private const long NanosecondsPerTick = 100;

    public bool KnowsChangeTime => false;

    public FileStamp Of(SafeFileHandle file) => Make(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));

    public FileStamp? Of(string path)
    {
        FileInfo info = new(path);
        if (info.LinkTarget is not null)
        {
            info = (info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo) ?? info;
        }

        return info.Exists && !info.Attributes.HasFlag(FileAttributes.Device) ? Make(info.Length, info.LastWriteTimeUtc) : null;
    }

    private static FileStamp Make(long sizeBytes, DateTime modifiedUtc) =>
        new(sizeBytes, (modifiedUtc - DateTime.UnixEpoch).Ticks * NanosecondsPerTick, 0, 0);
}
