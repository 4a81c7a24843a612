using System.Net;
using System.Text;
using System.Text.Json;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Traces;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fleet;

/// <summary>The trace of whole boots: what the fleet hears of it, and what the next kernel finds.</summary>
public class TraceTests
{
    private const string Root = "0011223344556677";

    [Fact]
    public async Task RunAsync_FleetListens_HearsOfEveryStepAndTheRequestsHangBelow()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, provider.Url);
        DateTimeOffset before = TimeProvider.System.GetUtcNow();

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        string[] steps =
        [
            "network", "discovery command line", "discovery", "manifest", "fetch kernel", "fetch initramfs", "fetch rootfs", "fetch",
            "verify", "kexec load",
        ];
        Assert.Equal(steps.Order(), fleet.Spans.Select(span => span.Name).Order());
        TraceSpan fetch = Named(fleet, "fetch");
        Assert.All(fleet.Spans, span => Assert.Equal(
            span.Name.StartsWith("fetch ", StringComparison.Ordinal) ? fetch.Id
                : span.Name.StartsWith("discovery ", StringComparison.Ordinal) ? Named(fleet, "discovery").Id
                : Root,
            span.Parent));
        Assert.All(fleet.Spans, span => Assert.Null(span.Error));
        Assert.All(fleet.Spans, span => Assert.InRange(span.End!.Value, span.Start, TimeProvider.System.GetUtcNow()));
        string[] inTurn = ["discovery", "manifest", "fetch kernel", "fetch initramfs", "fetch rootfs", "verify", "kexec load"];
        Assert.Equal(inTurn, fleet.Spans.Where(span => inTurn.Contains(span.Name)).OrderBy(span => span.Start).Select(span => span.Name));
        Assert.InRange(Named(fleet, "network").Start, before, Named(fleet, "manifest").Start);

        TraceSpan rootfs = Named(fleet, "fetch rootfs");
        long size = release.Contents[ArtifactKind.Rootfs].Length;
        Assert.Equal(release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest.ToString(), Value(rootfs.Attributes, "phase.artifact.digest"));
        Assert.Equal(size, Value(rootfs.Attributes, "phase.artifact.size"));
        Assert.Equal(["provider.started", "provider.delivered"], rootfs.Events.Select(told => told.Name));
        Assert.All(rootfs.Events, told => Assert.Equal(provider.Url, Value(told.Attributes, "phase.provider")));
        Assert.Equal(size, Value(rootfs.Events[^1].Attributes, "phase.bytes"));
        Assert.All(rootfs.Events, told => Assert.InRange(told.At, rootfs.Start, rootfs.End!.Value));
        Assert.Equal(1L, Value(Named(fleet, "discovery command line").Attributes, "phase.providers"));
        Assert.Equal(release.Manifest.Digest.ToString(), Value(Named(fleet, "manifest").Attributes, "phase.manifest"));

        Assert.All(provider.Requests, request => Assert.Equal(
            $"00-{agent.Options.BootId}-{Named(fleet, request.Artifact is { } kind ? $"fetch {kind.Name()}" : "manifest").Id}-01",
            request.TraceParent));
    }

    [Fact]
    public async Task RunAsync_AProviderFails_ItsSpanSaysWho()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider good = new(release);
        await using FaultyProvider bad = new(release, ProviderFault.FlipsByte) { FaultyArtifact = ArtifactKind.Rootfs };
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, bad.Url, good.Url);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        TraceEvent failed = Assert.Single(Named(fleet, "fetch rootfs").Events, told => told.Name == "provider.failed");
        Assert.Equal(bad.Url, Value(failed.Attributes, "phase.provider"));
        Assert.Contains("with a wrong SHA-256", (string)Value(failed.Attributes, "phase.reason")!, StringComparison.Ordinal);
        Assert.Null(Named(fleet, "fetch rootfs").Error);
    }

    [Fact]
    public async Task RunAsync_BootFails_TheRootEndsWithTheReason()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.FlipsByte) { FaultyArtifact = ArtifactKind.Rootfs };
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, provider.Url);

        Assert.Equal(AgentExitCode.FetchFailed, await agent.RunAsync());

        foreach (string name in (string[])["boot", "fetch", "fetch rootfs"])
        {
            Assert.StartsWith("rootfs could not be fetched", Named(fleet, name).Error, StringComparison.Ordinal);
        }

        Assert.Null(Named(fleet, "fetch kernel").Error);
        TraceSpan boot = Named(fleet, "boot");
        Assert.Equal((Root, null), (boot.Id, boot.Parent));
        Assert.All(fleet.Spans, span => Assert.InRange(span.Start, boot.Start, boot.End!.Value));
        Assert.All(fleet.Spans, span => Assert.InRange(span.End!.Value, boot.Start, boot.End!.Value));
        Assert.Equal("stable", Value(boot.Attributes, "phase.channel"));
    }

    [Fact]
    public async Task RunAsync_NoProvider_TheSearchHasFailed()
    {
        using TestRelease release = TestRelease.Create();
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet);

        Assert.Equal(AgentExitCode.NoProvider, await agent.RunAsync());

        Assert.StartsWith("no provider is known", Named(fleet, "discovery").Error, StringComparison.Ordinal);
        Assert.StartsWith("no provider is known", Named(fleet, "boot").Error, StringComparison.Ordinal);
        Assert.Equal("http://silo1.test:8080", Value(Named(fleet, "network").Attributes, "server.address"));
    }

    [Fact]
    public async Task RunAsync_KexecRefused_LastStepAndBootHaveFailed()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, provider.Url);
        agent.Kexec.ExecuteErrno = 1;

        Assert.Equal(AgentExitCode.KexecRefused, await agent.RunAsync());

        Assert.Contains("could not be started", Named(fleet, "kexec load").Error, StringComparison.Ordinal);
        Assert.Contains("could not be started", Named(fleet, "boot").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_FleetIsSilentUntilTheNextKernel_AllIsCarried()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new() { Instead = FakeFleet.Always(HttpStatusCode.ServiceUnavailable) };
        using AgentHarness agent = InMachine(release, fleet, provider.Url);
        agent.FleetLimits = AgentHarness.PatientWithFleet with { BootDelay = TimeSpan.FromSeconds(0.1), AssignmentWait = TimeSpan.FromSeconds(0.1) };

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        IReadOnlyList<TraceSpan> carried = Carried(agent, release)!;
        Assert.Equal(["boot", "kexec load"], carried.Where(span => span.End is null).Select(span => span.Name));
        Assert.Equal(
            ["boot", "discovery", "discovery command line", "fetch", "fetch initramfs", "fetch kernel", "fetch rootfs", "kexec load",
                "manifest", "network", "verify"],
            carried.Select(span => span.Name).Order());
        Assert.Equal(Root, carried[0].Id);
        Assert.Equal(Root, carried[^1].Parent);
        Assert.InRange(carried[^1].Start, carried.Max(span => span.End)!.Value, TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task RunAsync_FleetListens_OnlyWhatIsUnderWayNeedsTheNextKernel()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, provider.Url);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        // What was not acknowledged at that moment is told twice, under the same id.
        IReadOnlyList<TraceSpan> carried = Carried(agent, release)!;
        Assert.Equal(["boot", "kexec load"], carried.Where(span => span.End is null).Select(span => span.Name));
        Assert.Equal(carried[^1].Id, Named(fleet, "kexec load").Id);
        Assert.DoesNotContain(fleet.Spans, span => span.Name == "boot");
        Assert.Equal(
            fleet.Spans.Count + 1, fleet.Spans.Select(span => span.Id).Concat(carried.Select(span => span.Id)).Distinct().Count());
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.InternalServerError)]
    public async Task RunAsync_FleetTakesNoSpans_HearsAllElse(HttpStatusCode status)
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, provider.Url);
        agent.FleetLimits = AgentHarness.PatientWithFleet with { BatchDelay = TimeSpan.FromMilliseconds(1), BootDelay = TimeSpan.FromSeconds(5) };
        fleet.Instead = (call, _) => Task.FromResult(call.IsSpans ? FakeFleet.Answer(status) : null);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.Equal(["discovered", "manifest", "fetching", "verified", "kexec"], fleet.Phases.Distinct());
        Assert.Contains("Attempting kexec...", fleet.Log, StringComparison.Ordinal);
        Assert.Empty(fleet.Spans);
    }

    [Fact]
    public async Task RunAsync_ClockIsYearsOff_SpansAreByTheFleets()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new();
        using AgentHarness agent = InMachine(release, fleet, provider.Url);
        agent.Time = new ClockOf1970();
        fleet.Instead = (call, _) =>
        {
            HttpResponseMessage? refusal = call.Signature.IsGood ? null : FakeFleet.Answer(HttpStatusCode.Unauthorized);
            refusal?.Headers.Date = fleet.Time.GetUtcNow();
            return Task.FromResult(refusal);
        };
        DateTimeOffset now = TimeProvider.System.GetUtcNow();

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.All(fleet.Spans.Concat(Carried(agent, release)!), span => Assert.InRange(span.Start, now.AddMinutes(-5), now.AddMinutes(5)));
    }

    [Fact]
    public async Task RunAsync_OnAHost_TheBootEndsWithTheFiles()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        FakeFleet fleet = new();
        using AgentHarness agent = new(release, provider.Url) { FleetLimits = AgentHarness.PatientWithFleet, FleetHandler = fleet };
        agent.Options = agent.Options with { Fleet = [Silo] };

        await agent.ExpectSuccessAsync();

        Assert.Equal((Root, null), (Named(fleet, "boot").Id, Named(fleet, "boot").Error));
    }

    [Fact]
    public async Task RunAsync_NoFleet_CarriesNothingButTheRequestsAreOfTheTrace()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        agent.Options = agent.Options with { OutputDirectory = null };

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.Null(Carried(agent, release));
        Assert.All(provider.Requests, request => Assert.StartsWith(
            $"00-{agent.Options.BootId}-", request.TraceParent, StringComparison.Ordinal));
    }

    private static RootUrl Silo
    {
        get
        {
            Assert.True(RootUrl.TryParse("http://silo1.test:8080", out RootUrl? url));
            return url;
        }
    }

    private static AgentHarness InMachine(TestRelease release, FakeFleet fleet, params string[] providers)
    {
        AgentHarness agent = new(release, providers) { FleetLimits = AgentHarness.PatientWithFleet, FleetHandler = fleet };
        agent.Options = agent.Options with { OutputDirectory = null, Fleet = [Silo] };
        return agent;
    }

    private static TraceSpan Named(FakeFleet fleet, string name) => Assert.Single(fleet.Spans, span => span.Name == name);

    private static object? Value(IReadOnlyList<TraceTag> attributes, string key) =>
        attributes.SingleOrDefault(each => each.Key == key)?.Value;

    /// <summary>What the next kernel finds as /phase/trace.json; null for nothing. KexecTests read such an archive by cpio.</summary>
    private static IReadOnlyList<TraceSpan>? Carried(AgentHarness agent, TestRelease release)
    {
        ReadOnlySpan<byte> archive = agent.Kexec.Initrd!.AsSpan(((int)release.Contents[ArtifactKind.Initramfs].Length + 3) & ~3);
        int name = archive.IndexOf("phase/trace.json\0"u8);
        if (name < 0)
        {
            return null;
        }

        // The header's seventh field of eight digits is the size; name and data are padded to four bytes from the header's start.
        const int HeaderBytes = 110;
        int header = name - HeaderBytes;
        int size = Convert.ToInt32(Encoding.ASCII.GetString(archive.Slice(header + 6 + (6 * 8), 8)), 16);
        int data = header + ((HeaderBytes + "phase/trace.json\0".Length + 3) & ~3);
        using JsonDocument document = JsonDocument.Parse(archive.Slice(data, size).ToArray());
        return FakeFleet.SpansOf(document.RootElement, agent.Options.BootId);
    }

    private sealed class ClockOf1970 : TimeProvider
    {
        private readonly DateTimeOffset _started = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + (System.GetUtcNow() - _started);
    }
}
