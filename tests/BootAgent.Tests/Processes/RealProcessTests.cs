using System.Globalization;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.BootAgent.Tests.Processes;

/// <summary>What only a real process can show: its memory, and what is left when it is killed.</summary>
public sealed class RealProcessTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private readonly string _folder = Directory.CreateTempSubdirectory("phase-process-").FullName;

    private string Output => Path.Combine(_folder, "out");

    private string Cache => Path.Combine(_folder, "cache");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Main_HalfAGigabyte_KeepsItsOwnMemorySmall()
    {
        const int ChunkBytes = 4 << 20;
        const long LimitKilobytes = 64 * 1024;
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 512 << 20, ChunkSizeBytes = ChunkBytes });
        await using FaultyProvider provider = new(release);
        await using ChildProcess agent = AgentProcess.Start(release, Output, [provider.Url]);
        long highest = 0;
        // Anonymous memory is the agent's own; mapped files (the runtime, shared) are not counted against it.
        for (int tenth = 1; tenth < 10; tenth++)
        {
            await provider.WhenServed(tenth * (512L << 20) / 10).WaitAsync(Limit);
            highest = Math.Max(highest, AnonymousKilobytes(agent));
        }

        Assert.Equal(0, await agent.WaitForExitAsync(Limit));
        Assert.InRange(highest, 1, LimitKilobytes);
        Assert.Equal(512 << 20, new FileInfo(Path.Combine(Output, "rootfs")).Length);
    }

    [Fact]
    public async Task Main_KilledInMidDownload_LeavesNothingUnderAFinalNameAndTheNextRunSucceeds()
    {
        Directory.CreateDirectory(Cache);
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 4_000_000 });
        await using FaultyProvider provider = new(release) { BytesPerSecond = 1_000_000 };
        await using (ChildProcess agent = AgentProcess.Start(release, Output, [provider.Url], "--cache", Cache))
        {
            await provider.WhenServed(1_500_000).WaitAsync(Limit);
            await agent.SignalAsync("KILL");
            await agent.WaitForExitAsync(Limit);
        }

        Assert.All(Directory.GetFiles(Output), file => Assert.EndsWith(".part", file, StringComparison.Ordinal));
        AssertCacheIsGenuine(release);

        provider.BytesPerSecond = null;
        await using ChildProcess again = AgentProcess.Start(release, Output, [provider.Url], "--cache", Cache);
        Assert.Equal(0, await again.WaitForExitAsync(Limit));
        Assert.Equal(["cmdline", "initramfs", "kernel", "manifest.json", "rootfs"],
            Directory.GetFiles(Output).Select(Path.GetFileName).Order());
        Assert.True(File.ReadAllBytes(Path.Combine(Output, "rootfs")).AsSpan().SequenceEqual(
            release.Contents[ArtifactKind.Rootfs].ToArray()));
        AssertCacheIsGenuine(release);
    }

    [Fact]
    public async Task Main_Terminated_CleansUpAndSaysSo()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.Stalls) { FaultAt = 1000 };
        await using ChildProcess agent = AgentProcess.Start(release, Output, [provider.Url]);
        await provider.WhenServed(1000).WaitAsync(Limit);
        await agent.SignalAsync("TERM");

        Assert.Equal((int)AgentExitCode.Interrupted, await agent.WaitForExitAsync(Limit));
        await agent.WaitForLineAsync("phase: FAILED: stopped by a signal", Limit);
        Assert.Empty(Directory.GetFiles(Output));
    }

    [Fact]
    public async Task Main_UntrustedManifest_EndsWithItsOwnExitCodeAndOneLine()
    {
        using TestRelease release = TestRelease.Create();
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider provider = new(stranger);
        await using ChildProcess agent = AgentProcess.Start(release, Output, [provider.Url]);

        Assert.Equal((int)AgentExitCode.ManifestRefused, await agent.WaitForExitAsync(Limit));
        Assert.StartsWith("phase: FAILED: ", agent.Lines[^1].Text, StringComparison.Ordinal);
    }

    /// <summary>Every file that has a digest for a name has that digest.</summary>
    private void AssertCacheIsGenuine(TestRelease release)
    {
        foreach (string file in Directory.GetFiles(Cache).Where(file => !file.EndsWith(".part", StringComparison.Ordinal)))
        {
            Assert.Equal(Path.GetFileName(file), "sha256-" + Sha256Digest.Compute(File.ReadAllBytes(file)).ToHex());
            Assert.Contains(release.Manifest.Artifacts.Values, artifact =>
                file.EndsWith(artifact.Digest.ToHex(), StringComparison.Ordinal));
        }
    }

    private static long AnonymousKilobytes(ChildProcess process)
    {
        string line = File.ReadLines($"/proc/{process.Id}/status").First(each => each.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
