using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fetch;

public class SeveralProvidersTests
{
    private const int Slow = 2_000_000;

    [Fact]
    public async Task RunAsync_TwoGoodProviders_ShareTheLoad()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 8_000_000 });
        await using FaultyProvider first = new(release) { BytesPerSecond = Slow };
        await using FaultyProvider second = new(release) { BytesPerSecond = Slow };
        using AgentHarness agent = new(release, first.Url, second.Url);

        await agent.ExpectSuccessAsync();

        long total = release.Contents.Values.Sum(content => content.Length);
        Assert.True(first.ArtifactBytes > total / 4, $"The first served {first.ArtifactBytes} of {total} bytes.\n{agent.Text}");
        Assert.True(second.ArtifactBytes > total / 4, $"The second served {second.ArtifactBytes} of {total} bytes.\n{agent.Text}");
    }

    [Fact]
    public async Task RunAsync_OneProviderTenTimesFaster_DoesMostOfTheWork()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 8_000_000 });
        await using FaultyProvider slow = new(release) { BytesPerSecond = 200_000 };
        await using FaultyProvider fast = new(release) { BytesPerSecond = Slow };
        using AgentHarness agent = new(release, slow.Url, fast.Url);

        await agent.ExpectSuccessAsync();

        Assert.True(fast.ArtifactBytes > 2 * slow.ArtifactBytes,
            $"The fast one served {fast.ArtifactBytes}, the slow one {slow.ArtifactBytes} bytes.\n{agent.Text}");
    }

    [Fact]
    public async Task RunAsync_LongDownloadFromOneProvider_AsksInLongRanges()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 32_000_000 });
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectSuccessAsync();

        int requests = provider.Requests.Count(request => request.Artifact == ArtifactKind.Rootfs);
        int chunks = release.Manifest.Artifacts[ArtifactKind.Rootfs].Chunks!.Count;
        Assert.True(requests < chunks / 10, $"{requests} requests for {chunks} chunks.");
        Assert.All(provider.Requests.Skip(1), request => Assert.StartsWith("/blobs/sha256:", request.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_ProviderRestartsInMidDownload_ResumesByRangeAndFetchesNothingTwice()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 4_000_000 });
        await using FaultyProvider provider = new(release, ProviderFault.Dies) { FaultAt = 2_000_000, BytesPerSecond = 4_000_000 };
        using AgentHarness agent = new(release, provider.Url);
        agent.Limits = agent.Limits with { NoProgressLimit = TimeSpan.FromSeconds(30) };
        Task run = agent.ExpectSuccessAsync();
        await provider.WhenServed(provider.FaultAt).WaitAsync(AgentHarness.Hang);
        await provider.StopAsync();
        provider.Fault = ProviderFault.None;
        int before = provider.Requests.Count;
        provider.Restart();

        await run;

        // Each of the two connections may lose the chunk it was at and what was on its way.
        long total = release.Contents.Values.Sum(content => content.Length);
        Assert.InRange(provider.ArtifactBytes, total, total + (8 * TestRelease.ChunkSizeBytes));
        string entityTag = $"\"{release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest}\"";
        Assert.All(provider.Requests.Skip(before), request => Assert.Equal(entityTag, request.IfRange));
        Assert.All(provider.Requests.Skip(before), request => Assert.StartsWith("bytes=", request.Range, StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_NoChunkDigestsAndARestart_ResumesWhereItBrokeOff()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { ChunkSizeBytes = null, RootfsBytes = 4_000_000 });
        await using FaultyProvider provider = new(release, ProviderFault.Dies) { FaultAt = 2_500_000, BytesPerSecond = 4_000_000 };
        using AgentHarness agent = new(release, provider.Url);
        agent.Limits = agent.Limits with { NoProgressLimit = TimeSpan.FromSeconds(30) };
        Task run = agent.ExpectSuccessAsync();
        await provider.WhenServed(provider.FaultAt).WaitAsync(AgentHarness.Hang);
        await provider.StopAsync();
        provider.Fault = ProviderFault.None;
        provider.Restart();

        await run;

        long total = release.Contents.Values.Sum(content => content.Length);
        Assert.InRange(provider.ArtifactBytes, total, total + 1_200_000);
    }

    [Fact]
    public async Task RunAsync_TwoProvidersMixAWrongWholeFile_FindsTheLiarAlone()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { ChunkSizeBytes = null, RootfsBytes = 3_000_000 });
        await using FaultyProvider liar = new(release, ProviderFault.FlipsByte)
        {
            FaultyArtifact = ArtifactKind.Rootfs,
            FaultAt = 10,
            BytesPerSecond = 4_000_000,
        };
        await using FaultyProvider good = new(release);
        using AgentHarness agent = new(release, liar.Url, good.Url);
        Task run = agent.ExpectSuccessAsync();
        await liar.WhenServed(2_000_000).WaitAsync(AgentHarness.Hang);
        await liar.StopAsync();
        liar.Restart();

        await run;

        Assert.Contains("rootfs put together from several providers has a wrong SHA-256; each is asked alone now", agent.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NewestReleaseWins_AndOthersAreSaid()
    {
        using TestRelease older = TestRelease.Create(new TestReleaseOptions { Release = 6, ContentSeed = 500 });
        using TestRelease newer = TestRelease.Create(new TestReleaseOptions { Release = 7 });
        await using FaultyProvider first = new(older);
        await using FaultyProvider second = new(older);
        await using FaultyProvider third = new(newer);
        using AgentHarness agent = new(newer, first.Url, second.Url, third.Url);

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {first.Url} is not used: has release 6, older than 7", agent.Text, StringComparison.Ordinal);
        Assert.Equal(0, first.ArtifactBytes + second.ArtifactBytes);
    }

    [Fact]
    public async Task RunAsync_SameReleaseTwice_PrefersTheOneMoreProvidersHaveAndWarns()
    {
        using TestRelease few = TestRelease.Create(new TestReleaseOptions { ContentSeed = 500 });
        using TestRelease many = TestRelease.Create();
        await using FaultyProvider first = new(few);
        await using FaultyProvider second = new(many);
        await using FaultyProvider third = new(many);
        using AgentHarness agent = new(many, first.Url, second.Url, third.Url);

        await agent.ExpectSuccessAsync();

        Assert.Contains("two trusted manifests call themselves release 7", agent.Text, StringComparison.Ordinal);
        Assert.Equal(0, first.ArtifactBytes);
        Assert.EndsWith($"phase.provider={second.Url},{third.Url}\n",
            await File.ReadAllTextAsync(Path.Combine(agent.Output, "cmdline")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_PlainWebServer_FetchesByThePathOfTheManifest()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release) { HasBlobs = false, HasChannels = false };
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectSuccessAsync();

        Assert.Contains(provider.Requests, request => request.Path == "/rootfs");
    }

    [Fact]
    public async Task RunAsync_ManyProviders_OpensNoMoreConnectionsThanAllowed()
    {
        using TestRelease release = TestRelease.Create();
        List<FaultyProvider> providers = [.. Enumerable.Range(0, 12).Select(_ => new FaultyProvider(release))];
        using AgentHarness agent = new(release, providers.Select(provider => provider.Url));

        await agent.ExpectSuccessAsync();

        Assert.True(providers.Count(provider => provider.ArtifactBytes > 0) <= agent.Limits.MaxConnections, agent.Text);
        foreach (FaultyProvider provider in providers)
        {
            await provider.DisposeAsync();
        }
    }

    [Fact]
    public async Task RunAsync_CancelledInMidDownload_LeavesNothingBehind()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.Stalls) { FaultAt = 1000 };
        using AgentHarness agent = new(release, provider.Url);
        using CancellationTokenSource stop = new();
        Task<AgentExitCode> run = agent.RunAsync(stop.Token);
        await provider.WhenServed(1000).WaitAsync(AgentHarness.Hang);
        await stop.CancelAsync();

        Assert.Equal(AgentExitCode.Interrupted, await run);
        Assert.Empty(Directory.GetFileSystemEntries(agent.Output));
    }
}
