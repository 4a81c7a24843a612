using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fetch;

public class GoodProviderTests
{
    [Fact]
    public async Task RunAsync_OneGoodProvider_WritesTheReleaseAndSaysWhatItDid()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectSuccessAsync();

        Assert.Contains("  PHASE BOOT - Fetching from Provider", agent.Text, StringComparison.Ordinal);
        Assert.Contains($"Provider: {provider.Url}", agent.Text, StringComparison.Ordinal);
        Assert.Contains("[1/4] Fetching manifest...\n", agent.Text, StringComparison.Ordinal);
        Assert.Contains("[2/4] Downloading kernel...\n", agent.Text, StringComparison.Ordinal);
        Assert.Contains("[3/4] Downloading initramfs...\n", agent.Text, StringComparison.Ordinal);
        Assert.Contains("[3/4] Downloading rootfs...\n", agent.Text, StringComparison.Ordinal);
        Assert.Contains("[4/4] Verifying downloads...\n  OK: Files verified", agent.Text, StringComparison.Ordinal);
        Assert.Contains("  Download Complete!", agent.Text, StringComparison.Ordinal);
        Assert.Equal(
            $"console=ttyS0 quiet phase.boot_id={agent.Options.BootId} phase.channel=stable phase.arch=x86_64 "
            + $"phase.mode=internet phase.provider={provider.Url}\n",
            await File.ReadAllTextAsync(Path.Combine(agent.Output, "cmdline")));
    }
}
