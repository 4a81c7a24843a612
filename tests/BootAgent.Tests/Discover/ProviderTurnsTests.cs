using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.BootAgent.Tests.Discover;

/// <summary>Many providers of which few are good, and rounds that fail.</summary>
public sealed class ProviderTurnsTests : IDisposable
{
    private readonly TestRelease _release = TestRelease.Create();

    public void Dispose() => _release.Dispose();

    [Fact]
    public async Task RunAsync_ThirtyDeadAndOneGood_AllAreAskedSideBySide()
    {
        const int Dead = 30;
        int port = LoopbackPort.Free();
        await using FaultyProvider good = new(_release);
        using AgentHarness agent = new(_release) { DiscoveryLimits = new DiscoveryLimits { Settle = TimeSpan.Zero } };
        IEnumerable<string> dead = Enumerable.Range(0, Dead).Select(each => $"http://127.0.0.1:{port}/{each}");
        agent.Sources.Add(new ListedProviders(ProviderTier.Dht, [.. dead, good.Url]));

        await agent.ExpectSuccessAsync();

        string before = agent.Text[..agent.Text.IndexOf("[1/4]", StringComparison.Ordinal)];
        Assert.Equal(Dead + 1, before.Split("Provider: http").Length - 1);
        Assert.Equal(Dead, agent.Text.Split("is not used: refused the connection").Length - 1);
    }

    [Fact]
    public async Task RunAsync_MoreThanAskedAtATime_TheRestJoinsAsOthersFail()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider forger = new(stranger);
        await using FaultyProvider good = new(_release);
        using AgentHarness agent = new(_release) { DiscoveryLimits = new DiscoveryLimits { MaxAsked = 2 } };
        IEnumerable<string> forged = Enumerable.Range(0, 20).Select(each => $"{forger.Url}/{each}");
        agent.Sources.Add(new ListedProviders(ProviderTier.Dht, [.. forged, good.Url]));

        await agent.ExpectSuccessAsync();
    }

    [Fact]
    public async Task RunAsync_NamedOneRefuses_TheSearchEndsBeforeItsLimit()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using TestLan lan = new();
        await using FaultyProvider forger = new(stranger);
        using AgentHarness agent = new(_release, forger.Url)
        {
            Lan = lan,
            DiscoveryLimits = new DiscoveryLimits
            {
                SearchLimit = AgentHarness.Hang * 2,
                SearchLimitAfterRefusals = TimeSpan.FromSeconds(1),
            },
        };

        await agent.ExpectFailureAsync(AgentExitCode.ManifestRefused);

        Assert.Contains("answered on eth0 within 1 s", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NamedOneRefusesAndNothingSearches_EndsAtOnce()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider forger = new(stranger);
        using AgentHarness agent = new(_release, forger.Url)
        {
            DiscoveryLimits = new DiscoveryLimits { SearchLimit = AgentHarness.Hang * 2, SearchLimitAfterRefusals = AgentHarness.Hang * 2 },
        };

        await agent.ExpectFailureAsync(AgentExitCode.ManifestRefused);
    }

    [Fact]
    public async Task RunAsync_RepairedBetweenRounds_BootsInTheNext()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider provider = new(_release) { ManifestBytes = stranger.Manifest.RawBytes };
        using AgentHarness agent = new(_release, provider.Url);
        agent.Options = agent.Options with { RetryLimit = AgentHarness.Hang };
        agent.OnText = text =>
        {
            if (text.Contains("Round 1 found no good provider; all are tried again in 1 s", StringComparison.Ordinal))
            {
                provider.ManifestBytes = _release.Manifest.RawBytes;
            }
        };

        await agent.ExpectSuccessAsync();

        Assert.DoesNotContain("FAILED", agent.Text, StringComparison.Ordinal);
        Assert.Contains($"WARNING: manifest from {provider.Url}: ", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_EveryRoundFails_PausesGrowAndEndAtTheLimit()
    {
        HurriedTime time = new();
        BootConsole console = new(TextWriter.Null, time, false, false);
        ListedProviders source = new(ProviderTier.Dht);
        DiscoveryLimits limits = new();
        ProviderTurns turns = new(new ProviderList(), [source], limits, console);
        BootRounds rounds = new(turns, TimeSpan.FromMinutes(10), limits, console);
        BootFailedException failure = new(AgentExitCode.NoProvider, "no manifest");

        BootFailedException last = await Assert.ThrowsAsync<BootFailedException>(() =>
            rounds.RunAsync(_ => Task.FromException(failure), CancellationToken.None).WaitAsync(AgentHarness.Hang));

        Assert.Same(failure, last);
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60], time.Waits.Select(wait => wait.TotalSeconds));
        Assert.Equal(time.Waits.Count + 1, source.Searches);
    }

    [Theory]
    [InlineData((int)AgentExitCode.KexecRefused)]
    [InlineData((int)AgentExitCode.StorageFailed)]
    public async Task RunAsync_NoProvidersFault_IsNotTriedAgain(int code)
    {
        HurriedTime time = new();
        BootConsole console = new(TextWriter.Null, time, false, false);
        ProviderTurns turns = new(new ProviderList(), [], new DiscoveryLimits(), console);

        await Assert.ThrowsAsync<BootFailedException>(() => new BootRounds(turns, TimeSpan.FromMinutes(10), new DiscoveryLimits(), console)
            .RunAsync(_ => Task.FromException(new BootFailedException((AgentExitCode)code, "no")), CancellationToken.None));

        Assert.Empty(time.Waits);
    }
}
