using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// A file without a name, in memory on Linux (memfd_create(2)), gone when it is closed or the process dies. A file, not an array, because
/// only from a file can sendfile(2) send without copying.
/// </summary>
/// <remarks>
/// One file per chunk, never written again once its chunk is visible: sendfile puts the very pages into the socket's queue, where they
/// stay after it has returned. A page that were zeroed (a hole punched into a large folio) or written anew meanwhile would reach the
/// client as unverified bytes; dropping a whole file lets those pages live on until they are sent.
/// </remarks>
internal static partial class AnonymousFile
{
    private const uint CloseOnExec = 1;

    /// <exception cref="IOException">No more files or memory.</exception>
    public static FileStream Create()
    {
        if (!OperatingSystem.IsLinux())
        {
            return new FileStream(
                Path.Combine(Path.GetTempPath(), $"phase-chunk-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None,
                0, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        }

        using SafeFileHandle file = MemfdCreate("phase-chunk", CloseOnExec);
        if (file.IsInvalid)
        {
            throw new IOException("No memory file for a chunk: " + new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        // Opened again, as sending needs a stream that is asynchronous by its own account.
        return new FileStream(
            $"/proc/self/fd/{file.DangerousGetHandle()}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 0,
            FileOptions.Asynchronous);
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle MemfdCreate(string name, uint flags);
}
