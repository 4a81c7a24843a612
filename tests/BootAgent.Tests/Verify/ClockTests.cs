using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.BootAgent.Verify;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Verify;

/// <summary>Expiry where the clock may be wrong.</summary>
public class ClockTests
{
    private static readonly DateTimeOffset Built = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-12-01", "2027-01-01", true)]   // a good clock, not expired
    [InlineData("2027-02-01", "2027-01-01", false)]  // a good clock, expired
    [InlineData("1970-01-01", "2027-01-01", true)]   // no clock, nothing known says that it has expired
    [InlineData("1970-01-01", "2026-10-01", false)]  // no clock, but the agent itself is younger than the manifest's end
    [InlineData("2038-01-20", "2027-01-01", false)]  // a clock far ahead looks like any other: closed
    public async Task RunAsync_ClockAndExpiry_FailsClosedOnWhatIsKnown(string clock, string expires, bool boots)
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { Expires = Day(expires) });
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url) { Time = new FixedWallClock(Day(clock)) };
        agent.Options = agent.Options with { NotBefore = Built };

        AgentExitCode code = await agent.RunAsync();

        Assert.True(code == (boots ? AgentExitCode.Ok : AgentExitCode.ManifestRefused), agent.Text);
        Assert.Equal(clock == "1970-01-01" && boots, agent.Text.Contains("this machine's clock says 1970-01-01", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_NoClockAndAYoungerTrustedManifest_KnowsThatTheOldOneHasExpired()
    {
        using TestRelease old = TestRelease.Create(new TestReleaseOptions { Release = 9, ContentSeed = 500, Expires = Day("2026-12-01") });
        using TestRelease young = TestRelease.Create(
            new TestReleaseOptions { Release = 8, Created = Day("2027-01-01"), Expires = Day("2028-01-01") });
        await using FaultyProvider replay = new(old);
        await using FaultyProvider provider = new(young);
        using AgentHarness agent = new(young, replay.Url, provider.Url) { Time = new FixedWallClock(Day("1970-01-01")) };
        agent.Options = agent.Options with { NotBefore = Built };

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {replay.Url} is not used: Manifest expired at 2026-12-01", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_AStrangersManifest_DoesNotMoveTheClock()
    {
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2, Created = Day("2099-01-01") });
        using TestRelease good = TestRelease.Create(new TestReleaseOptions { Expires = Day("2027-01-01") });
        await using FaultyProvider liar = new(stranger);
        await using FaultyProvider provider = new(good);
        using AgentHarness agent = new(good, liar.Url, provider.Url) { Time = new FixedWallClock(Day("2026-12-01")) };

        await agent.ExpectSuccessAsync();
    }

    [Fact]
    public void Now_ClockBehindTheFloor_IsTheFloor()
    {
        Assert.Equal((false, Built),
            (new ClockFloor(DateTimeOffset.UnixEpoch, Built).IsClockPlausible, new ClockFloor(DateTimeOffset.UnixEpoch, Built).Now));
        Assert.True(BuildStamp.BuiltAt > Day("2026-01-01"));
        Assert.True(BuildStamp.BuiltAt <= TimeProvider.System.GetUtcNow());
    }

    private static DateTimeOffset Day(string text) =>
        DateTimeOffset.Parse(text + "T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Only the wall clock is wrong; timers run as ever.</summary>
    private sealed class FixedWallClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
