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
            "serve", "--artifacts", lab.Release, "--channel", "stable", "--arch", "x86_64", "--bind", LanLab.HostAddress, "--port", "8080",
            "--state-dir", lab.PathOf("provider.state"));
        await provider.WaitForLineAsync(Serving, QemuMachine.BootLimit);

        await using QemuMachine first = await lab.BootAsync("first machine", "phase.mode=local", lan: lan);
        OutputLine found = await first.WaitForAsync("(mDNS");
        Assert.Contains($"http://{LanLab.HostAddress}:8080", found.Text, StringComparison.Ordinal);
        await first.WaitForAsync(Serving);

        // The provider says goodbye; what is left to find is the first machine.
        await provider.SignalAsync("TERM");
        Assert.Equal(0, await provider.WaitForExitAsync(QemuMachine.BootLimit));
        await using QemuMachine second = await lab.BootAsync("second machine", "phase.mode=local", lan: lan);
        found = await second.WaitForAsync("(mDNS");
        Assert.DoesNotContain(LanLab.HostAddress + ":", found.Text, StringComparison.Ordinal);
        await second.WaitForAsync(Serving);
    }
}
