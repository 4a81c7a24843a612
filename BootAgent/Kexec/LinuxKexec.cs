using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Kexec;

/// <summary>The system calls themselves (kexec_file_load(2), reboot(2)).</summary>
internal sealed partial class LinuxKexec : IKexec
{
    private const int RebootKexec = 0x4558_4543;
    private const int MaxToolOutput = 400;

    /// <summary>glibc has no wrapper for kexec_file_load; its number differs by architecture.</summary>
    private static long FileLoadNumber => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 320,
        Architecture.Arm64 => 294,
        Architecture other => throw new PlatformNotSupportedException($"kexec is known for x86_64 and arm64; this process is {other}."),
    };

    public int LoadFile(SafeFileHandle kernel, SafeFileHandle initrd, string commandLine)
    {
        byte[] line = new byte[Encoding.UTF8.GetByteCount(commandLine) + 1];
        Encoding.UTF8.GetBytes(commandLine, line);
        return SystemCall(FileLoadNumber, kernel, initrd, (nuint)line.Length, line, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    public KexecToolResult LoadByTool(SafeFileHandle kernel, SafeFileHandle initrd, string commandLine)
    {
        string files = $"/proc/{Environment.ProcessId}/fd/";
        ProcessStartInfo start = new("kexec",
            ["-l", files + kernel.DangerousGetHandle(), "--initrd=" + files + initrd.DangerousGetHandle(), "--command-line=" + commandLine])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
            process.WaitForExit();
            return new KexecToolResult(true, process.ExitCode,
                ParameterValues.Shown(output.Trim().ReplaceLineEndings("; "), MaxToolOutput));
        }
        catch (Win32Exception)
        {
            return new KexecToolResult(false, 0, string.Empty);
        }
    }

    public int Execute()
    {
        Sync();
        return Reboot(RebootKexec) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial long SystemCall(
        long number, SafeFileHandle kernel, SafeFileHandle initrd, nuint commandLineLength, [In] byte[] commandLine, nuint flags);

    [LibraryImport("libc", EntryPoint = "sync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial void Sync();

    /// <summary>glibc's wrapper adds the two magic numbers.</summary>
    [LibraryImport("libc", EntryPoint = "reboot", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial int Reboot(int command);
}
