using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Storage;

public class BlobCacheTests
{
    [Fact]
    public async Task RunAsync_SecondBootWithACache_FetchesOnlyTheManifest()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = WithCache(release, provider, out string cache);
        await agent.ExpectSuccessAsync();
        long served = provider.ArtifactBytes;
        Assert.Equal(release.Manifest.Artifacts.Values.Select(artifact => "sha256-" + artifact.Digest.ToHex()).Order(),
            Directory.GetFiles(cache).Select(Path.GetFileName).Order());

        await agent.ExpectSuccessAsync();

        Assert.Equal(served, provider.ArtifactBytes);
        Assert.Contains("OK: rootfs taken from the cache", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_RottenCacheFile_IsDeletedSaidAndFetchedAgain()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = WithCache(release, provider, out string cache);
        await agent.ExpectSuccessAsync();
        string blob = Path.Combine(cache, "sha256-" + release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest.ToHex());
        using (FileStream file = File.OpenWrite(blob))
        {
            file.Position = 70_000;
            file.WriteByte(0);
            file.WriteByte(0);
        }

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {blob} does not hold what its name says; it is deleted and fetched again", agent.Text,
            StringComparison.Ordinal);
        Assert.True(File.ReadAllBytes(blob).AsSpan().SequenceEqual(release.Contents[ArtifactKind.Rootfs].ToArray()));
    }

    [Fact]
    public async Task RunAsync_NoWrite_ReadsTheCacheAndNeverChangesIt()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = WithCache(release, provider, out string cache);
        agent.Options = agent.Options with { NoWrite = true };

        await agent.ExpectSuccessAsync();

        Assert.Empty(Directory.GetFileSystemEntries(cache));
    }

    [Fact]
    public async Task RunAsync_CacheThatCannotBeWritten_IsAWarningAndNoMore()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = WithCache(release, provider, out string cache);
        foreach (var artifact in release.Manifest.Artifacts.Values)
        {
            Directory.CreateDirectory(Path.Combine(cache, $"sha256-{artifact.Digest.ToHex()}.part"));
        }

        await agent.ExpectSuccessAsync();

        Assert.Contains("WARNING: kernel cannot be kept in the cache", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_LeftOverOfAKilledAgent_IsCleanedUp()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = WithCache(release, provider, out string cache);
        string leftOver = Path.Combine(cache, $"sha256-{new string('0', 64)}.part");
        await File.WriteAllTextAsync(leftOver, "half");

        await agent.ExpectSuccessAsync();

        Assert.False(File.Exists(leftOver));
    }

    [Fact]
    public async Task RunAsync_OutputOfAnEarlierRelease_IsReplacedAsAWhole()
    {
        using TestRelease older = TestRelease.Create(new TestReleaseOptions { Release = 6, ContentSeed = 500 });
        using TestRelease newer = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 0 });
        await using FaultyProvider first = new(older);
        await using FaultyProvider second = new(newer);
        using AgentHarness agent = new(older, first.Url);
        await agent.ExpectSuccessAsync();
        using AgentHarness next = new(newer, second.Url);
        next.Options = next.Options with { OutputDirectory = agent.Output };

        Assert.Equal(AgentExitCode.Ok, await next.RunAsync());

        Assert.Equal(["cmdline", "initramfs", "kernel", "manifest.json"],
            Directory.GetFileSystemEntries(agent.Output).Select(Path.GetFileName).Order());
        Assert.True(File.ReadAllBytes(Path.Combine(agent.Output, "manifest.json")).AsSpan().SequenceEqual(newer.Manifest.RawBytes.Span));
    }

    [Fact]
    public async Task RunAsync_OutputThatCannotBeMade_SaysSo()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        string file = Path.Combine(agent.Folder, "file");
        await File.WriteAllTextAsync(file, "in the way");
        agent.Options = agent.Options with { OutputDirectory = Path.Combine(file, "out") };

        Assert.Equal(AgentExitCode.StorageFailed, await agent.RunAsync());

        Assert.Contains($"phase: FAILED: {file}/out cannot take the artifacts", agent.Text, StringComparison.Ordinal);
    }

    private static AgentHarness WithCache(TestRelease release, FaultyProvider provider, out string cache)
    {
        AgentHarness agent = new(release, provider.Url);
        cache = Path.Combine(agent.Folder, "cache");
        Directory.CreateDirectory(cache);
        agent.Options = agent.Options with { CacheDirectory = cache };
        return agent;
    }
}
