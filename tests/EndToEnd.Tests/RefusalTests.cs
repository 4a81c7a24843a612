using PhaseMesh.TestKit.BootLab;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>Machines that must not boot, and say why.</summary>
public class RefusalTests
{
    [Fact]
    public async Task Machine_IsOfferedTamperedManifest_HaltsWithTheReason()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using TamperingProvider provider = TamperingProvider.Start(
            lab.Release, manifest => manifest.Replace("quiet", "init=/bin/sh", StringComparison.Ordinal));
        await using QemuMachine machine = await lab.BootAsync("machine", $"phase.provider={provider.UrlForMachines} phase.on_failure=poweroff");

        await machine.WaitForAsync("FAILED");
        await machine.WaitForAsync("powering off (phase.on_failure=poweroff)");
        Assert.Equal(0, await machine.Console.WaitForExitAsync(QemuMachine.BootLimit));
        Assert.Contains(machine.Console.Lines, line => line.Text.Contains("signature", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(machine.Console.Lines, line => line.Text.Contains("kexec", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Machine_FindsNobodyAtTheProvidersAddress_SaysWhichAndWhatToDo()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using QemuMachine machine = await lab.BootAsync(
            "machine", $"phase.provider=http://{QemuMachine.HostAddress}:9 phase.on_failure=poweroff");

        await machine.WaitForAsync("FAILED");
        Assert.Equal(0, await machine.Console.WaitForExitAsync(QemuMachine.BootLimit));
        Assert.Contains(machine.Console.Lines, line => line.Text.Contains($"http://{QemuMachine.HostAddress}:9", StringComparison.Ordinal) && line.Text.Contains("FAILED", StringComparison.Ordinal));
    }
}
