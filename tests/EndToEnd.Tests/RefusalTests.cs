using System.Text;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>Machines that must not boot, and say why.</summary>
public class RefusalTests
{
    [Fact]
    public async Task Machine_IsOfferedTamperedManifest_HaltsWithTheReason()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        string signed = await File.ReadAllTextAsync(Path.Combine(lab.Release, "manifest.json"));
        string tampered = signed.Replace("quiet", "init=/bin/sh", StringComparison.Ordinal);
        Assert.NotEqual(signed, tampered);
        using TestRelease unused = TestRelease.Create();
        await using FaultyProvider provider = new(unused) { ManifestBytes = Encoding.UTF8.GetBytes(tampered) };
        await using QemuMachine machine = await lab.BootAsync(
            "machine", $"phase.provider=http://{QemuMachine.HostAddress}:{provider.Port} phase.retry=0 phase.on_failure=poweroff");

        await machine.WaitForAsync("FAILED");
        await machine.WaitForAsync("powering off (phase.on_failure=poweroff)");
        Assert.Equal(0, await machine.Console.WaitForExitAsync(QemuMachine.BootLimit));
        AssertFailureNames(machine, "signature");
        Assert.DoesNotContain(machine.Console.Lines, line => line.Text.Contains("kexec", StringComparison.Ordinal));
        Assert.Equal(0, provider.ArtifactBytes);
    }

    [Fact]
    public async Task Machine_FindsNobodyAtTheProvidersAddress_SaysWhichAndWhatToDo()
    {
        const string Nobody = $"http://{QemuMachine.HostAddress}:9";
        await using BootLab lab = await BootLab.CreateAsync();
        await using QemuMachine machine = await lab.BootAsync("machine", $"phase.provider={Nobody} phase.retry=0 phase.on_failure=poweroff");

        await machine.WaitForAsync("FAILED");
        Assert.Equal(0, await machine.Console.WaitForExitAsync(QemuMachine.BootLimit));
        AssertFailureNames(machine, Nobody);
    }

    [Fact]
    public async Task Machine_NobodyGivesItAnAddress_SaysWhatToCheckAndHaltsAsTold()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using QemuMachine machine = await lab.BootAsync("machine", "phase.on_failure=poweroff", isAlone: true);

        await machine.WaitForAsync("powering off (phase.on_failure=poweroff)");
        Assert.Equal(0, await machine.Console.WaitForExitAsync(QemuMachine.BootLimit));
        AssertFailureNames(machine, "no DHCP lease within 60 s on any of the 1 network interfaces above");
        string console = string.Join('\n', machine.Console.Lines.Select(line => line.Text));
        Assert.Matches("network interface: e[a-z0-9]+ 52:54:00(:[0-9a-f]{2}){3} link up", console);
        Assert.Contains("check VLAN, DHCP server", console, StringComparison.Ordinal);
        Assert.Contains("The fleet has heard nothing of this boot", console, StringComparison.Ordinal);
    }

    private static void AssertFailureNames(QemuMachine machine, string text) => Assert.True(
        machine.Console.Lines.Any(line => line.Text.Contains("FAILED", StringComparison.Ordinal) && line.Text.Contains(text, StringComparison.OrdinalIgnoreCase)),
        $"no line with FAILED names '{text}'.{machine.Console.Tail()}");
}
