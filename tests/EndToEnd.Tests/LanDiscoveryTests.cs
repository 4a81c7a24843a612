using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>A LAN with no way out, and machines that are told nothing but whom to trust.</summary>
public class LanDiscoveryTests
{
    private const string Serving = "ReleaseCatalog[1101]";

    [Fact]
    public async Task Machines_NamedNoProvider_FindItByMdnsThenFindEachOther()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using LanLab lan = await LanLab.CreateAsync();
        await using ChildProcess provider = lan.Start(
            "provider", PlasmdProcess.Program,
            "serve", "--artifacts", lab.Release, "--channel", "stable", "--arch", "x86_64", "--bind", lan.HostAddress, "--port", "8080",
            "--state-dir", lab.PathOf("provider.state"));
        await provider.WaitForLineAsync(Serving, QemuMachine.BootLimit);

        await using QemuMachine first = await lab.BootAsync("first machine", "phase.mode=local", lan: lan);
        OutputLine found = await first.WaitForAsync("(mDNS");
        Assert.Contains($"http://{lan.HostAddress}:8080", found.Text, StringComparison.Ordinal);
        await first.WaitForAsync(Serving);

        // The provider says goodbye; what is left to find is the first machine.
        await provider.SignalAsync("TERM");
        Assert.Equal(0, await provider.WaitForExitAsync(QemuMachine.BootLimit));
        await using QemuMachine second = await lab.BootAsync("second machine", "phase.mode=local", lan: lan);
        found = await second.WaitForAsync("(mDNS");
        Assert.DoesNotContain(lan.HostAddress + ":", found.Text, StringComparison.Ordinal);
        await second.WaitForAsync(Serving);
    }

    [Fact]
    public async Task Machine_OneProviderDeadOneTampered_BootsFromTheGoodOneAndNamesTheOthersFaults()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using LanLab lan = await LanLab.CreateAsync();
        string tampered = lab.PathOf("tampered");
        Directory.CreateDirectory(tampered);
        foreach (string file in Directory.EnumerateFiles(lab.Release))
        {
            // Every chunk of the kernel is wrong: which of them this provider is asked for depends on the others.
            byte[] bytes = await File.ReadAllBytesAsync(file);
            for (int offset = 0; Path.GetFileName(file) == "kernel" && offset < bytes.Length; offset += 4096)
            {
                bytes[offset] ^= 1;
            }

            await File.WriteAllBytesAsync(Path.Combine(tampered, Path.GetFileName(file)), bytes);
        }

        await using ChildProcess liar = lan.Start("liar", "busybox", "httpd", "-f", "-p", $"{lan.HostAddress}:8081", "-h", tampered);
        await using ChildProcess good = lan.Start(
            "good provider", PlasmdProcess.Program,
            "serve", "--artifacts", lab.Release, "--channel", "stable", "--arch", "x86_64", "--bind", lan.HostAddress, "--port", "8080",
            "--state-dir", lab.PathOf("good.state"));
        await good.WaitForLineAsync(Serving, QemuMachine.BootLimit);

        string dead = $"http://{lan.AddressOf(9)}:8080";
        string lying = $"http://{lan.HostAddress}:8081";
        await using QemuMachine machine = await lab.BootAsync("machine", $"phase.mode=local phase.provider={dead},{lying}", lan: lan);
        await machine.WaitForAsync(Serving);

        AssertNames(machine, dead, "not used");
        AssertNames(machine, lying, "wrong SHA-256");
    }

    private static void AssertNames(QemuMachine machine, string provider, string fault) => Assert.True(
        machine.Console.Lines.Any(line => line.Text.Contains(provider, StringComparison.Ordinal) && line.Text.Contains(fault, StringComparison.Ordinal)),
        $"no line names {provider} and '{fault}'.{machine.Console.Tail(80)}");
}
