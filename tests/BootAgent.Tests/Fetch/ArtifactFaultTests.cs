using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fetch;

/// <summary>
/// Everything a provider can do wrong with an artifact: alone it is a refusal in time, beside a good one it costs nothing but a line.
/// </summary>
public class ArtifactFaultTests
{
    /// <summary>Within the first chunk, which the better ranked provider gets.</summary>
    private const int FaultAt = 1000;

    public static TheoryData<ProviderFault, ArtifactKind, string> Faults { get; } = Matrix();

    public static TheoryData<ProviderFault, string> WholeFileFaults { get; } = new()
    {
        { ProviderFault.FlipsByte, "with a wrong SHA-256" },
        { ProviderFault.Truncates, "closed the connection before the end" },
        { ProviderFault.ShortFile, "expected 300001" },
        { ProviderFault.TooMuch, "expected 300001" },
        { ProviderFault.TooMuchUnannounced, "sends more bytes than the manifest says" },
        { ProviderFault.Stalls, "stalled: less than" },
        { ProviderFault.Drips, "stalled: less than" },
        { ProviderFault.NotFound, "has no /kernel (status 404)" },
        { ProviderFault.ServerError, "with status 500" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task RunAsync_OnlyThatProvider_RefusesAndNamesIt(ProviderFault fault, ArtifactKind kind, string what)
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider faulty = new(release, fault) { FaultyArtifact = kind, FaultAt = FaultAt };
        using AgentHarness agent = new(release, faulty.Url);

        await agent.ExpectFailureAsync(AgentExitCode.FetchFailed);

        Assert.Contains($"FAILED: {kind.Name()} could not be fetched", agent.Text, StringComparison.Ordinal);
        Assert.Contains($"{faulty.Url} {what}", Unified(agent.Text), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task RunAsync_AGoodProviderBeside_SucceedsAndNamesTheFaultyOne(ProviderFault fault, ArtifactKind kind, string what)
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider faulty = new(release, fault) { FaultyArtifact = kind, FaultAt = FaultAt };
        await using FaultyProvider good = new(release);
        using AgentHarness agent = new(release, faulty.Url, good.Url);

        await agent.ExpectSuccessAsync();

        string text = Unified(agent.Text);
        Assert.True(
            text.Contains($"WARNING: {faulty.Url} {what}", StringComparison.Ordinal)
                || text.Contains($"WARNING: {faulty.Url} is slow", StringComparison.Ordinal),
            agent.Text);
        Assert.DoesNotContain($"WARNING: {good.Url}", agent.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WholeFileFaults))]
    public async Task RunAsync_NoChunkDigestsAndOnlyThatProvider_RefusesAndNamesIt(ProviderFault fault, string what)
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { ChunkSizeBytes = null });
        await using FaultyProvider faulty = new(release, fault) { FaultAt = FaultAt };
        using AgentHarness agent = new(release, faulty.Url);

        await agent.ExpectFailureAsync(AgentExitCode.FetchFailed);

        Assert.Contains(what, agent.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WholeFileFaults))]
    public async Task RunAsync_NoChunkDigestsAndAGoodProviderBeside_SucceedsAndNamesTheFaultyOne(ProviderFault fault, string what)
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { ChunkSizeBytes = null });
        await using FaultyProvider faulty = new(release, fault) { FaultAt = FaultAt };
        await using FaultyProvider good = new(release);
        using AgentHarness agent = new(release, faulty.Url, good.Url);

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {faulty.Url}", agent.Text, StringComparison.Ordinal);
        Assert.Contains(what, agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_ABadChunkFromTheOnlyProviderThatThenMends_Succeeds()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.FlipsByte) { FaultAt = FaultAt, BytesPerSecond = 500_000 };
        using AgentHarness agent = new(release, provider.Url);
        Task run = agent.ExpectSuccessAsync();
        await provider.WhenServed(TestRelease.ChunkSizeBytes).WaitAsync(AgentHarness.Hang);
        provider.Fault = ProviderFault.None;

        await run;

        Assert.Contains($"{provider.Url} sent chunk 0 of kernel (bytes 0-65535) with a wrong SHA-256", agent.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_AServerWithoutRanges_IsStillOfUse()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.IgnoresRanges) { HasBlobs = false, HasChannels = false };
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectSuccessAsync();
    }

    /// <summary>Every chunk before the surplus is right, and the surplus goes nowhere: there is nothing to refuse.</summary>
    [Fact]
    public async Task RunAsync_MoreBytesThanAskedForWithoutALength_AreDropped()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.TooMuchUnannounced);
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectSuccessAsync();
        Assert.DoesNotContain("WARNING", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_EveryProviderFaulty_NamesEachWithItsOwnFault()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider flips = new(release, ProviderFault.FlipsByte) { FaultAt = FaultAt };
        await using FaultyProvider missing = new(release, ProviderFault.NotFound);
        using AgentHarness agent = new(release, flips.Url, missing.Url);

        await agent.ExpectFailureAsync(AgentExitCode.FetchFailed);

        string failure = agent.Text[agent.Text.IndexOf("phase: FAILED", StringComparison.Ordinal)..];
        Assert.Contains($"{flips.Url} sent chunk 0 of kernel", failure, StringComparison.Ordinal);
        Assert.Contains($"{missing.Url} has no /kernel (status 404)", failure, StringComparison.Ordinal);
        Assert.Contains("Nothing unverified was used.", failure, StringComparison.Ordinal);
    }

    private static TheoryData<ProviderFault, ArtifactKind, string> Matrix()
    {
        TheoryData<ProviderFault, ArtifactKind, string> data = [];
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            data.Add(ProviderFault.FlipsByte, kind, $"sent chunk 0 of {kind.Name()} (bytes 0-65535) with a wrong SHA-256");
            data.Add(ProviderFault.Truncates, kind, "closed the connection before the end");
            data.Add(ProviderFault.TooMuch, kind, "sends N bytes");
            data.Add(ProviderFault.Stalls, kind, "stalled: less than");
            data.Add(ProviderFault.Drips, kind, "stalled: less than");
        }

        data.Add(ProviderFault.ShortFile, ArtifactKind.Kernel, "");
        data.Add(ProviderFault.Resets, ArtifactKind.Initramfs, "");
        data.Add(ProviderFault.NotFound, ArtifactKind.Rootfs, "has no /rootfs (status 404)");
        data.Add(ProviderFault.ServerError, ArtifactKind.Initramfs, "answered /blobs/sha256:");
        data.Add(ProviderFault.RedirectLoop, ArtifactKind.Rootfs, "redirects more than 3 times (a loop?)");
        data.Add(ProviderFault.RedirectToHttps, ArtifactKind.Kernel, "redirects to https:, only http: is followed");
        data.Add(ProviderFault.SlowHeaders, ArtifactKind.Kernel, "sent nothing in 2 s");
        data.Add(ProviderFault.HugeHeaders, ArtifactKind.Kernel, "sent more than 16 KiB of headers");
        data.Add(ProviderFault.Gibberish, ArtifactKind.Kernel, "does not speak HTTP/1.1");
        data.Add(ProviderFault.WrongContentRange, ArtifactKind.Kernel, "answered with range");
        data.Add(ProviderFault.Compresses, ArtifactKind.Rootfs, "sends the file compressed");
        data.Add(ProviderFault.Dies, ArtifactKind.Rootfs, "");
        return data;
    }

    /// <summary>How many bytes the first request asks for depends on how many providers there are.</summary>
    private static string Unified(string text) => System.Text.RegularExpressions.Regex.Replace(text, "sends [0-9]+ bytes", "sends N bytes");
}
