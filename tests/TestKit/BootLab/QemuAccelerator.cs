using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>Finds out whether QEMU can use KVM: <c>/dev/kvm</c> may exist and still not work, so QEMU itself is asked.</summary>
public static class QemuAccelerator
{
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
            "kvm probe", QemuMachine.Program, ["-machine", "none", "-accel", "kvm", "-nodefaults", "-display", "none", "-monitor", "stdio"]);
        await probe.StandardInput.WriteLineAsync("quit");
        await probe.StandardInput.FlushAsync();
        return await probe.WaitForExitAsync(TimeSpan.FromSeconds(30)) == 0;
    }
}
