using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.Silo.Catalog.Stamps;

/// <summary>Where stamps come from: statx(2) on Linux, what .NET tells elsewhere.</summary>
internal interface IFileStamps
{
    FileStamp Of(SafeFileHandle file);

    /// <returns>Null when there is no regular file of that name; links are followed.</returns>
    FileStamp? Of(string path);

    /// <summary>Whether <see cref="FileStamp.ChangedNanoseconds"/> is filled, so that a file's age can be believed at first sight.</summary>
    bool KnowsChangeTime { get; }
}

internal static class FileStamps
{
    public static IFileStamps ForThisSystem { get; } = LinuxFileStamps.IsSupported ? new LinuxFileStamps() : new PortableFileStamps();
}
