using System.Net;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.BootAgent.Tests.Fleet;

/// <summary>What the fleet may cost a boot: in virtual time what waits, in real time what is woken.</summary>
public sealed class FleetBudgetTests : IDisposable
{
    private static readonly FleetLimits Patient = AgentHarness.PatientWithFleet with { BatchDelay = TimeSpan.FromMilliseconds(10) };

    private readonly VirtualTime _time = new();
    private readonly StringWriter _text = new();
    private readonly AgentOptions _options;

    public FleetBudgetTests()
    {
        using Ed25519PrivateKey key = Ed25519PrivateKey.Generate();
        Assert.True(RootUrl.TryParse("http://silo1.test", out RootUrl? one));
        Assert.True(RootUrl.TryParse("http://silo2.test", out RootUrl? two));
        _options = new AgentOptions
        {
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.X64,
            TrustedKeys = [key.PublicKey],
            BootId = "00112233445566778899aabbccddeeff",
            NotBefore = DateTimeOffset.UnixEpoch,
            Fleet = [one, two],
        };
    }

    public void Dispose() => _text.Dispose();

    [Fact]
    public void Boot_SilentFleet_WaitsTwoSecondsInAllAndNoMore()
    {
        TimeSpan waited = TimeSpan.Zero;
        FleetLimits limits = new() { FirstRequest = TimeSpan.FromHours(1), LongestRequest = TimeSpan.FromHours(1) };
        using FakeFleet fleet = new() { Time = _time, Instead = FakeFleet.NeverAsync };
        _time.Run(async () =>
        {
            await using BootReporter report = BootReporter.Start(_options, limits, Console(_time), fleet);
            for (int round = 0; round < 5; round++)
            {
                await Measured(() => report.AssignedAsync(CancellationToken.None));
                Assert.Equal(limits.AssignmentWait, waited);
                await Task.Delay(TimeSpan.FromSeconds(20), _time);
            }

            await Measured(() => report.TicketAsync(CancellationToken.None));
            await Measured(() => report.HandingOverAsync(CancellationToken.None));
        });

        Assert.Equal(TimeSpan.FromSeconds(2), waited);

        async Task Measured(Func<Task> wait)
        {
            TimeSpan before = _time.Elapsed;
            await wait();
            waited += _time.Elapsed - before;
        }
    }

    [Fact]
    public void Failure_SilentFleet_IsWaitedForThreeSeconds()
    {
        FleetLimits limits = new() { FirstRequest = TimeSpan.FromHours(1), LongestRequest = TimeSpan.FromHours(1) };
        using FakeFleet fleet = new() { Time = _time, Instead = FakeFleet.NeverAsync };
        _time.Run(async () =>
        {
            await using BootReporter report = BootReporter.Start(_options, limits, Console(_time), fleet);
            await report.FailedAsync(AgentExitCode.FetchFailed, "why");
            Assert.Equal(TimeSpan.FromSeconds(3), _time.Elapsed);
        });
    }

    [Fact]
    public async Task Boot_FleetThatCannotBeReached_IsAskedOnceBeforeTheManifestIsChosen()
    {
        using FakeFleet fleet = new() { Instead = (_, _) => throw new HttpRequestException(HttpRequestError.ConnectionError) };
        await using BootReporter report = BootReporter.Start(_options, Patient, Console(TimeProvider.System), fleet);

        // Its limit would be as long as the test's.
        Assert.Null(await report.AssignedAsync(CancellationToken.None).WaitAsync(AgentHarness.Hang));
    }

    [Fact]
    public async Task Boot_FleetComesBack_TicketIsWaitedFor()
    {
        int count = 0;
        using FakeFleet fleet = new()
        {
            Instead = (_, _) => Task.FromResult(Interlocked.Increment(ref count) < 9 ? FakeFleet.Answer(HttpStatusCode.BadGateway) : null),
        };
        await using BootReporter report = BootReporter.Start(_options, Patient, Console(TimeProvider.System), fleet);

        Assert.Equal(FakeFleet.Ticket, await report.TicketAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Failure_WhileAPauseIsLong_IsToldAtOnce()
    {
        TaskCompletionSource pausing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isBack = false;
        using FakeFleet fleet = new()
        {
            Instead = (call, _) =>
            {
                bool isLast = call.Url.Host == "silo2.test" && pausing.TrySetResult();
                return Task.FromResult(Volatile.Read(ref isBack) && !isLast ? null : FakeFleet.Answer(HttpStatusCode.ServiceUnavailable));
            },
        };
        FleetLimits limits = Patient with { FirstPause = TimeSpan.FromHours(1), LongestPause = TimeSpan.FromHours(1) };
        await using BootReporter report = BootReporter.Start(_options, limits, Console(TimeProvider.System), fleet);
        await pausing.Task;
        await report.AssignedAsync(CancellationToken.None); // The round is over.
        Volatile.Write(ref isBack, true);

        await report.FailedAsync(AgentExitCode.NoProvider, "why");

        Assert.Equal("failed", Assert.Single(fleet.Phases));
    }

    [Fact]
    public void Fetching_AMinuteLong_IsToldOnceASecond()
    {
        List<BootEvent> told = [];
        long done = 0;
        _time.Run(async () =>
        {
            await using FetchMeter meter = new(Console(_time), [], 70_000, new FleetLimits().ProgressInterval, told.Add);
            meter.Finish(10_000);
            meter.Follow(() => done);
            for (; done < 60_000; done += 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time);
            }
        });

        Assert.InRange(told.Count, 61, 62);
        Assert.Equal((70_000, 70_000), (told[^1].BytesFetched, told[^1].BytesTotal));
        Assert.InRange(told[30].BytesPerSecond!.Value, 900, 1100);
    }

    [Fact]
    public async Task Events_FleetIsAway_OldestAreDroppedAndOfProgressTheNewestStays()
    {
        TaskCompletionSource<HttpResponseMessage?> back = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using FakeFleet fleet = new() { Instead = (_, _) => back.Task };
        await using BootReporter report = BootReporter.Start(_options, Patient, Console(TimeProvider.System), fleet);
        for (int round = 0; round < 200; round++)
        {
            report.Discovered([]);
            await using FetchMeter? meter = report.Fetching([], 60_000); // Tells at its start and at its end.
        }

        back.SetResult(null);
        await report.FailedAsync(AgentExitCode.FetchFailed, "why");

        Assert.Equal(FleetLimits.MaxPendingEvents, fleet.Events.Count);
        Assert.Equal(["failed", "fetching", "discovered", "fetching"], fleet.Phases.Reverse().Take(4));
    }

    [Fact]
    public async Task Failure_AfterALongLog_SendsItInRequestsThatFit()
    {
        using FakeFleet fleet = new();
        BootConsole console = Console(TimeProvider.System);
        await using BootReporter report = BootReporter.Start(_options, Patient, console, fleet);
        for (int line = 0; line < 5000; line++)
        {
            console.Line($"line {line} \u2713 \ud83d\ude80 \u001b[31m");
        }

        await report.FailedAsync(AgentExitCode.FetchFailed, "why");

        Assert.InRange(fleet.Log.Length, BootLog.MaxLength - 2000, BootLog.MaxLength);
        Assert.StartsWith("line 0 \u2713 \ud83d\ude80 ?[31m\nline 1 ", fleet.Log, StringComparison.Ordinal);
        Assert.Contains(" lines left out]\nline ", fleet.Log, StringComparison.Ordinal);
        Assert.EndsWith("\nline 4999 \u2713 \ud83d\ude80 ?[31m\n", fleet.Log, StringComparison.Ordinal);
        Assert.Equal("failed", Assert.Single(fleet.Phases));
    }

    private BootConsole Console(TimeProvider time) => new(_text, time, isTerminal: false, debug: false);
}
