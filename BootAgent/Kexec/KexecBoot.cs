using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Storage;

namespace PhaseMesh.BootAgent.Kexec;

/// <summary>Loads the sealed images and starts them; every refusal becomes one line with its remedy.</summary>
internal sealed class KexecBoot(IKexec kexec, Func<KernelPolicy> readPolicy, BootConsole console)
{
    /// <param name="handingOver">The last thing that is done before the loaded kernel starts.</param>
    /// <exception cref="BootFailedException">The running kernel refuses. Otherwise this does not return, except from a test's
    /// twin.</exception>
    public async Task RunAsync(MemoryFile kernel, MemoryFile initrd, string commandLine, Func<Task> handingOver)
    {
        RequireSealed(kernel);
        RequireSealed(initrd);
        int errno = kexec.LoadFile(kernel.Handle, initrd.Handle, commandLine);
        if (errno == KexecErrors.NoSystemCall)
        {
            LoadByTool(kernel, initrd, commandLine);
        }
        else if (errno != 0)
        {
            throw Refused(KexecErrors.Describe(errno, readPolicy()));
        }

        console.Debug("loaded; starting it");
        await handingOver();
        errno = kexec.Execute();
        if (errno != 0)
        {
            throw Refused($"the loaded kernel could not be started (errno {errno}): look at the running kernel's log (dmesg)");
        }
    }

    private void LoadByTool(MemoryFile kernel, MemoryFile initrd, string commandLine)
    {
        console.Detail("This kernel has no kexec_file_load; using kexec -l");
        KexecToolResult result = kexec.LoadByTool(kernel.Handle, initrd.Handle, commandLine);
        if (!result.IsInstalled)
        {
            throw Refused(KexecErrors.Describe(KexecErrors.NoSystemCall, readPolicy()));
        }

        if (result.ExitCode != 0)
        {
            KernelPolicy policy = readPolicy();
            string cause = policy.IsLoadDisabled || policy.Lockdown is not null
                ? $" ({KexecErrors.Describe(KexecErrors.NotPermitted, policy)})"
                : string.Empty;
            throw Refused($"kexec -l ended with exit code {result.ExitCode}: {result.Output}{cause}");
        }
    }

    /// <summary>The last gate: only a file that can no longer change may be handed to the kernel.</summary>
    private static void RequireSealed(MemoryFile file)
    {
        if ((file.Seals & MemoryFile.AllSeals) != MemoryFile.AllSeals)
        {
            throw new InvalidOperationException(
                $"A memory file has seals {file.Seals:x}, expected {MemoryFile.AllSeals:x}; refusing to boot what could still change.");
        }
    }

    private static BootFailedException Refused(string reason) => new(AgentExitCode.KexecRefused, $"kexec: {reason}");
}
