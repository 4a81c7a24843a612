using System.Diagnostics;
using System.Net.Sockets;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Mdns.Services;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Discover;

/// <summary>A machine that was told of no provider, or of a bad one, on a LAN in memory.</summary>
public sealed class MdnsDiscoveryTests : IAsyncLifetime
{
    /// <summary>For a search that finds nothing; longer than the twin needs for an answer, however busy the machine.</summary>
    private static readonly DiscoveryLimits Brief = new() { SearchLimit = TimeSpan.FromSeconds(4) };

    /// <summary>For a dead provider beside a good one, which has answered before the dead one's time begins to run.</summary>
    private static readonly FetchLimits ShortGrace = AgentHarness.ShortLimits with { ManifestGrace = TimeSpan.FromSeconds(0.5) };

    private readonly TestRelease _release = TestRelease.Create();
    private readonly TestLan _lan = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _lan.DisposeAsync();
        _release.Dispose();
    }

    [Theory]
    [InlineData("internet")]
    [InlineData("local")]
    [InlineData("private")]
    public async Task RunAsync_NoProviderNamed_BootsFromTheOneOnTheLanInEveryMode(string mode)
    {
        await using FaultyProvider provider = new(_release);
        await _lan.AdvertiseAsync("node7", "10.0.0.5", provider.Port);
        using AgentHarness agent = new(_release) { Lan = _lan };
        agent.Options = agent.Options with { Mode = Enum.Parse<PhaseMode>(mode, ignoreCase: true) };

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: http://10.0.0.5:{provider.Port} (mDNS: node7)\n", agent.Text, StringComparison.Ordinal);
        Assert.Contains($"phase.provider=http://10.0.0.5:{provider.Port}", await File.ReadAllTextAsync(Path.Combine(agent.Output, "cmdline")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_OtherChannelsAndArchsOnTheLan_AreNotAsked()
    {
        await using FaultyProvider wanted = new(_release);
        await using FaultyProvider other = new(_release);
        await _lan.AdvertiseAsync("node7", ["10.0.0.5"],
            (TestLan.Stable with { Channel = "testing" }, other.Port), (TestLan.Stable with { Arch = "arm64" }, other.Port),
            (TestLan.Stable with { ManifestPath = "/elsewhere.json" }, other.Port), (TestLan.Stable with { Arch = "amd64" }, wanted.Port));
        using AgentHarness agent = new(_release) { Lan = _lan };

        await agent.ExpectSuccessAsync();

        Assert.Empty(other.Requests);
        Assert.NotEmpty(wanted.Requests);
    }

    [Fact]
    public async Task RunAsync_ManifestPathBelowAFolder_AsksThere()
    {
        await using FaultyProvider provider = new(_release);
        await _lan.AdvertiseAsync("node7", "10.0.0.5", provider.Port,
            TestLan.Stable with { ManifestPath = "/mirror/stable/x86_64/manifest.json" });
        using AgentHarness agent = new(_release) { Lan = _lan, DiscoveryLimits = Brief };

        await agent.RunAsync();

        Assert.Equal("/mirror/stable/x86_64/manifest.json", provider.Requests[0].Path);
    }

    [Fact]
    public async Task RunAsync_SeveralOnTheLan_AllAreSourcesOfTheNewestRelease()
    {
        using TestRelease older = TestRelease.Create(new TestReleaseOptions { Release = 6, ContentSeed = 500 });
        // Slow enough that neither has delivered everything before the other has begun.
        await using FaultyProvider one = new(_release) { BytesPerSecond = 1_000_000 };
        await using FaultyProvider two = new(_release) { BytesPerSecond = 1_000_000 };
        await using FaultyProvider behind = new(older);
        await _lan.AdvertiseAsync("one", "10.0.0.1", one.Port);
        await _lan.AdvertiseAsync("two", "10.0.0.2", two.Port);
        await _lan.AdvertiseAsync("behind", "10.0.0.3", behind.Port, TestLan.Stable with { Release = 6 });
        using AgentHarness agent = new(_release) { Lan = _lan, DiscoveryLimits = new DiscoveryLimits { Settle = TimeSpan.FromSeconds(2) } };

        await agent.ExpectSuccessAsync();

        Assert.True(one.ArtifactBytes > 0 && two.ArtifactBytes > 0, agent.Text);
        Assert.Equal(0, behind.ArtifactBytes);
        Assert.Contains("has release 6, older than 7", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_TheFirstIsRefused_TheOneThatAppearsLaterIsUsed()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider bad = new(stranger);
        await using FaultyProvider good = new(_release);
        await _lan.AdvertiseAsync("bad", "10.0.0.1", bad.Port);
        using AgentHarness agent = new(_release) { Lan = _lan };

        Task booting = agent.ExpectSuccessAsync();
        await _lan.FirstConnection.WaitAsync(AgentHarness.Hang);
        await _lan.AdvertiseAsync("good", "10.0.0.2", good.Port);
        await booting;

        Assert.Contains($"WARNING: http://10.0.0.1:{bad.Port} is not used: ", agent.Text, StringComparison.Ordinal);
        Assert.Equal(0, bad.ArtifactBytes);
    }

    [Fact]
    public async Task RunAsync_TheFirstDeliversDamagedArtifacts_TheNextIsUsedAlone()
    {
        await using FaultyProvider damaged = new(_release, ProviderFault.FlipsByte) { FaultAt = 1000 };
        await using FaultyProvider good = new(_release);
        await _lan.AdvertiseAsync("good", "10.0.0.2", good.Port);
        using AgentHarness agent = new(_release, damaged.Url) { Lan = _lan };

        await agent.ExpectSuccessAsync();

        Assert.Contains("wrong SHA-256", agent.Text, StringComparison.Ordinal);
        Assert.True(good.ArtifactBytes > 0, agent.Text);
        Assert.Equal(1, damaged.Requests.Count(request => request.Path.EndsWith("/manifest.json", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task RunAsync_NamedProviderIsDown_DoesNotWaitForItButUsesTheLan()
    {
        FaultyProvider down = new(_release);
        await down.DisposeAsync();
        await using FaultyProvider good = new(_release);
        await _lan.AdvertiseAsync("good", "10.0.0.2", good.Port);
        // Long limits: only the providers found can end the retries.
        using AgentHarness agent = new(_release, down.Url)
        {
            Lan = _lan,
            Limits = ShortGrace with { ManifestTimeLimit = AgentHarness.Hang * 2 },
        };

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {down.Url} is not used: refused the connection", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NamedProviderIsGood_NobodyOnTheLanIsAsked()
    {
        await using FaultyProvider named = new(_release);
        await using FaultyProvider other = new(_release);
        await _lan.AdvertiseAsync("other", "10.0.0.2", other.Port);
        using AgentHarness agent = new(_release, named.Url) { Lan = _lan };

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: {named.Url} (the test)\n", agent.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("(mDNS", agent.Text, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task RunAsync_OneProviderWithSeveralAddressesAndNames_IsOneSource()
    {
        await using FaultyProvider provider = new(_release);
        PhaseImageService service = TestLan.Stable with { PeerId = "ed25519:00ff" };
        await _lan.AdvertiseAsync("node7", ["fe80::5", "10.0.0.5", "192.168.9.5"], (service, provider.Port), (service, provider.Port));
        using AgentHarness agent = new(_release) { Lan = _lan };

        await agent.ExpectSuccessAsync();

        Assert.Equal("10.0.0.5", Assert.Single(_lan.Connections.Distinct()));
    }

    [Fact]
    public async Task RunAsync_ItsIPv4AddressIsDead_UsesTheLinkLocalOneWithItsScope()
    {
        await using FaultyProvider provider = new(_release);
        _lan.Unreachable.Add("10.0.0.5");
        await _lan.AdvertiseAsync("node7", ["fe80::5", "10.0.0.5"], (TestLan.Stable with { PeerId = "ed25519:00ff" }, provider.Port));
        using AgentHarness agent = new(_release) { Lan = _lan, Limits = ShortGrace };

        await agent.ExpectSuccessAsync();

        Assert.Contains($"Provider: http://[fe80::5%2]:{provider.Port} (mDNS: node7)\n", agent.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("internet", true)]
    [InlineData("local", false)]
    public async Task RunAsync_AddressOutsideTheLinksSubnets_IsUsedUnlessTheModeIsLocal(string mode, bool isUsed)
    {
        await using FaultyProvider provider = new(_release);
        await _lan.AdvertiseAsync("far", ["fe80::5", "192.168.9.5"], (TestLan.Stable, provider.Port));
        _lan.Unreachable.Add("[fe80::5%2]");
        using AgentHarness agent = new(_release)
        {
            Lan = _lan,
            DiscoveryLimits = Brief,
            Limits = ShortGrace with { ManifestTimeLimit = TimeSpan.FromSeconds(5) },
        };
        agent.Options = agent.Options with { Mode = Enum.Parse<PhaseMode>(mode, ignoreCase: true) };

        AgentExitCode code = await agent.RunAsync();

        Assert.Equal(isUsed ? AgentExitCode.Ok : AgentExitCode.NoProvider, code);
        Assert.Equal(isUsed, _lan.Connections.Contains("192.168.9.5"));
    }

    [Fact]
    public async Task RunAsync_NobodyAnswers_SaysWhereItLookedWithinItsLimit()
    {
        using AgentHarness agent = new(_release) { Lan = _lan, DiscoveryLimits = Brief };
        long started = Stopwatch.GetTimestamp();

        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.InRange(Stopwatch.GetElapsedTime(started), Brief.SearchLimit * 0.9, AgentHarness.Hang);
        Assert.Contains("phase: FAILED: no provider: none on the command line (phase.provider=) and no _phase-image._tcp answered on eth0 "
            + "within 4 s. Check that a plasmd runs", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_OnlyOtherReleasesOnTheLan_NamesThem()
    {
        await _lan.AdvertiseAsync("node\u001b7", "10.0.0.5", 8080, TestLan.Stable with { Channel = "testing" });
        using AgentHarness agent = new(_release) { Lan = _lan, DiscoveryLimits = Brief };

        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.Contains("no _phase-image._tcp for stable/x86_64 answered on eth0 within 4 s, only testing/x86_64 at node?7. Check phase.channel",
            agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NamedProviderRefusedAndNobodyElse_SaysBoth()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider bad = new(stranger);
        using AgentHarness agent = new(_release, bad.Url) { Lan = _lan, DiscoveryLimits = Brief };

        await agent.ExpectFailureAsync(AgentExitCode.ManifestRefused);

        Assert.Contains($"phase: FAILED: manifest from {bad.Url}: ", agent.Text, StringComparison.Ordinal);
        Assert.Contains("Besides, no _phase-image._tcp answered on eth0", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NoInterface_SaysSo()
    {
        await using TestLan unplugged = new() { AgentAddresses = [] };
        using AgentHarness agent = new(_release) { Lan = unplugged, DiscoveryLimits = Brief };

        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.Contains("no network interface was fit for mDNS within 4 s", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_PortCannotBeOpened_SaysSoAtOnceAndANamedProviderStillBoots()
    {
        await using FaultyProvider provider = new(_release);
        await using TestLan closed = new() { OpenError = SocketError.AddressFamilyNotSupported };
        using AgentHarness named = new(_release, provider.Url) { Lan = closed };
        using AgentHarness agent = new(_release) { Lan = closed };

        await named.ExpectSuccessAsync();
        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.Contains("UDP port 5353 cannot be opened (AddressFamilyNotSupported)", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_AFloodOfFalseProviders_EndsAfterItsAttempts()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider bad = new(stranger);
        await _lan.AdvertiseAsync("flood", ["10.0.0.66"], [.. Enumerable.Range(0, 80).Select(each =>
            (TestLan.Stable with { ManifestPath = $"/{each}/manifest.json" }, bad.Port))]);
        DiscoveryLimits limits = Brief with { MaxFurtherAttempts = 1, Settle = TimeSpan.FromSeconds(2) };
        using AgentHarness agent = new(_release) { Lan = _lan, DiscoveryLimits = limits };

        await agent.RunAsync();

        Assert.InRange(agent.Text.Split("[1/4] Fetching manifest").Length - 1, 1, 1 + limits.MaxFurtherAttempts);
        Assert.InRange(agent.Text.Split("Provider: http").Length - 1, 1, (1 + limits.MaxFurtherAttempts) * limits.MaxAskedInAll);
    }
}
