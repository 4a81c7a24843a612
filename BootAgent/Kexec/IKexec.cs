using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.BootAgent.Kexec;

/// <summary>The kernel's side of a boot into another kernel.</summary>
internal interface IKexec
{
    /// <summary>kexec_file_load(2).</summary>
    /// <returns>0, or the errno.</returns>
    int LoadFile(SafeFileHandle kernel, SafeFileHandle initrd, string commandLine);

    /// <summary>kexec-tools' <c>kexec -l</c>, which uses the older kexec_load(2).</summary>
    KexecToolResult LoadByTool(SafeFileHandle kernel, SafeFileHandle initrd, string commandLine);

    /// <summary>Writes back file systems and starts the loaded kernel; returns only when the kernel refuses.</summary>
    /// <returns>The errno.</returns>
    int Execute();
}

/// <param name="IsInstalled">False: there is no kexec program.</param>
/// <param name="Output">What it printed, on one line.</param>
internal sealed record KexecToolResult(bool IsInstalled, int ExitCode, string Output);
