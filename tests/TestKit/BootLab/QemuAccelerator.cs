using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>
/// Finds out whether QEMU can use KVM. <c>/dev/kvm</c> may exist, and QEMU may even start with it, while no guest ever gets anywhere (seen
/// where the host is a virtual machine itself), so a kernel has to prove it.
/// </summary>
public static class QemuAccelerator
{
    /// <summary>With KVM a kernel prints its first line well within a second.</summary>
    private static readonly TimeSpan FirstLineLimit = TimeSpan.FromSeconds(5);

    private static readonly Lazy<Task<bool>> HasKvm = new(ProbeAsync);

    /// <summary><c>kvm</c> or <c>tcg</c> (software emulation, five to ten times slower).</summary>
    public static async Task<string> NameAsync() => await HasKvm.Value ? "kvm" : "tcg";

    private static async Task<bool> ProbeAsync()
    {
        if (!File.Exists("/dev/kvm"))
        {
            return false;
        }

        await using ChildProcess probe = ChildProcess.Start(
            "KVM probe",
            QemuMachine.Program,
            [
                "-M", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256", "-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio",
                "-kernel", BootLab.ImagePath("boot", "vmlinuz"), "-append", "console=ttyS0 panic=-1",
            ]);
        try
        {
            await probe.WaitForLineAsync("Linux version", FirstLineLimit);
            return true;
        }
        catch (Exception noKvm) when (noKvm is TimeoutException or InvalidOperationException)
        {
            return false;
        }
    }
}
