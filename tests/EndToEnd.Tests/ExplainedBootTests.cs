using System.Text.Json.Nodes;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>Machines whose own kernel or memory is the trouble: what <c>plasmd boot show</c> says right after they have halted.</summary>
public sealed class ExplainedBootTests : IAsyncLifetime
{
    private BootLab _lab = null!;
    private FleetLab _fleet = null!;

    public async Task InitializeAsync()
    {
        _lab = await BootLab.CreateAsync();
        _fleet = await FleetLab.StartAsync(_lab);
    }

    public async Task DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _lab.DisposeAsync();
    }

    [Fact]
    public async Task Machine_KernelForbidsKexec_BootShowSaysWhichRuleAndWhatToDo()
    {
        await using PlasmdProcess provider = await _lab.StartProviderAsync();
        string shown = await FailAsync(provider.UrlForMachines, "sysctl.kernel.kexec_load_disabled=1");

        Assert.Contains("state:     failed: kexec_refused", shown, StringComparison.Ordinal);
        Assert.Contains("stopped:   with everything verified, before the new kernel", shown, StringComparison.Ordinal);
        Assert.Contains("detail:    kexec: kexec_load_disabled=1", shown, StringComparison.Ordinal);
        Assert.Contains("boot the agent with a kernel without it", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machine_ReleaseIsLargerThanItsMemory_BootShowNamesBoth()
    {
        using Ed25519PrivateKey key = Ed25519PrivateKey.LoadFile(_lab.OperatorKeyFile);
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release) { ManifestBytes = LargerThanMemory(release, key).RawBytes };
        string shown = await FailAsync($"http://{QemuMachine.HostAddress}:{provider.Port}", "");

        Assert.Contains("state:     failed: storage_failed", shown, StringComparison.Ordinal);
        Assert.Matches("detail:    the release needs [0-9.]+[MG] of memory and [0-9.]+M are free", shown);
        Assert.Contains("give it more; four times the release is safe", shown, StringComparison.Ordinal);
        Assert.Equal(0, provider.ArtifactBytes);
    }

    private async Task<string> FailAsync(string provider, string parameters)
    {
        await using FleetMachine machine = await _fleet.BootAsync(
            "machine", $"phase.provider={provider} phase.retry=0 phase.on_failure=poweroff {parameters}");
        OutputLine failed = await machine.Machine.WaitForAsync("phase: FAILED: ");
        string shown = await _fleet.RunAsync("boot", "show", machine.BootId);
        Assert.Contains(failed.Text[failed.Text.IndexOf("phase: FAILED: ", StringComparison.Ordinal)..][..40], shown, StringComparison.Ordinal);
        Assert.Contains("what to do next:", shown, StringComparison.Ordinal);
        Assert.Equal(0, await machine.Machine.Console.WaitForExitAsync(QemuMachine.BootLimit));
        return shown;
    }

    private static BootManifest LargerThanMemory(TestRelease release, Ed25519PrivateKey key) => new ManifestDraft
    {
        Version = "large",
        Channel = release.Manifest.Channel,
        Arch = release.Manifest.Arch,
        Release = 1000,
        Artifacts =
        [
            .. release.Manifest.Artifacts.Values.Where(artifact => artifact.Kind != ArtifactKind.Rootfs),
            new ManifestArtifact(ArtifactKind.Rootfs, Sha256Digest.Compute("?"u8), 1L << 30, "/rootfs", null),
        ],
    }.Build([key]);
}
