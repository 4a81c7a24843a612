using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>
/// A file that lives in memory only (memfd_create(2)). Once sealed neither this process nor any other can change a byte or the length:
/// what was verified is what kexec reads.
/// </summary>
internal sealed partial class MemoryFile : IDisposable
{
    private const uint CloseOnExec = 0x1;
    private const uint AllowSealing = 0x2;
    private const uint NoExecSeal = 0x8; // Linux 6.3; older kernels answer EINVAL, and some newer ones insist on it
    private const int AddSealsCommand = 1033;
    private const int GetSealsCommand = 1034;
    private const int InvalidArgument = 22;

    /// <summary>F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE.</summary>
    public const int AllSeals = 0x1 | 0x2 | 0x4 | 0x8;

    private MemoryFile(SafeFileHandle handle) => Handle = handle;

    public SafeFileHandle Handle { get; }

    public int Seals => SealsOf(Handle);

    public static int SealsOf(SafeFileHandle handle) => Control(handle, GetSealsCommand, 0);

    /// <param name="lengthBytes">Memory is taken as bytes are written, not now.</param>
    /// <exception cref="BootFailedException">The kernel refuses.</exception>
    public static MemoryFile Create(string name, long lengthBytes)
    {
        int descriptor = Create(name, CloseOnExec | AllowSealing | NoExecSeal);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == InvalidArgument)
        {
            descriptor = Create(name, CloseOnExec | AllowSealing);
        }

        if (descriptor < 0)
        {
            throw Failed($"a memory file for {name} cannot be made");
        }

        SafeFileHandle handle = new(descriptor, ownsHandle: true);
        try
        {
            RandomAccess.SetLength(handle, lengthBytes);
        }
        catch (IOException error)
        {
            handle.Dispose();
            throw new BootFailedException(AgentExitCode.StorageFailed,
                $"a memory file of {lengthBytes} bytes for {name} cannot be made ({error.Message}); the machine needs more memory", error);
        }

        return new MemoryFile(handle);
    }

    public void Seal()
    {
        if (Control(Handle, AddSealsCommand, AllSeals) != 0)
        {
            throw Failed("a memory file cannot be sealed");
        }
    }

    public void Dispose() => Handle.Dispose();

    private static BootFailedException Failed(string what)
    {
        Win32Exception cause = new(Marshal.GetLastPInvokeError());
        return new BootFailedException(AgentExitCode.StorageFailed,
            $"{what}: {cause.Message} (errno {cause.NativeErrorCode}); the running kernel must have CONFIG_MEMFD_CREATE", cause);
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial int Create(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial int Control(SafeFileHandle handle, int command, int argument);
}
