using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.BootAgent.Reporting;

/// <summary>
/// Standard output as a plain file descriptor. <see cref="Console"/> would read terminfo, set up signal handling for the terminal and
/// be among the larger parts of the trimmed binary; a boot console needs none of that.
/// </summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;

    public static bool IsTerminal => IsATty(Descriptor) == 1;

    public static TextWriter Open()
    {
        FileStream stream = new(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial int IsATty(int descriptor);
}
