using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tests.Tracing;

public class BootSpanTests
{
    private const string Id = "00112233445566778899aabbccddeeff";

    private readonly ManualTimeProvider _time = new();
    private readonly BootTrace _trace;

    public BootSpanTests() => _trace = new BootTrace(Id, _time);

    [Fact]
    public async Task Steps_HangBelowEachOther_WithTheirTimesAndOutcomes()
    {
        List<BootSpan> ended = [];
        _trace.Ended = ended.Add;
        _time.Advance(TimeSpan.FromSeconds(1));
        BootSpan fetch = _trace.Begin("fetch");
        BootSpan kernel = fetch.Begin("fetch kernel");
        await Assert.ThrowsAsync<BootFailedException>(() => fetch.DuringAsync(() => kernel.DuringAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            throw new BootFailedException(AgentExitCode.FetchFailed, "cut\noff");
        })));

        Assert.Equal([kernel, fetch], ended);
        TraceSpan told = kernel.Take(TimeSpan.FromHours(1));
        Assert.Equal((_time.Start.AddHours(1).AddSeconds(1), _time.Start.AddHours(1).AddSeconds(3)), (told.Start, told.End!.Value));
        Assert.Equal("cut?off", told.Error);
        Assert.Equal(fetch.Take(default).Id, told.Parent);
        Assert.Equal("0011223344556677", fetch.Take(default).Parent);
        Assert.Equal($"00-{Id}-{told.Id}-01", kernel.TraceParent);
        Assert.Equal($"00-{Id}-0011223344556677-01", _trace.Root.TraceParent);
        Assert.Null(_trace.Root.Take(default).End);
    }

    [Fact]
    public async Task DuringAsync_Stopped_SaysSo()
    {
        BootSpan span = _trace.Begin("verify");

        await Assert.ThrowsAsync<OperationCanceledException>(() => span.DuringAsync(() => throw new OperationCanceledException()));

        Assert.Equal("stopped", span.Take(default).Error);
    }

    [Fact]
    public void End_Twice_OnlyTheFirstCounts_ButAFailureStillDoes()
    {
        int told = 0;
        _trace.Ended = _ => told++;
        BootSpan span = _trace.Begin("kexec load");
        span.End();
        _time.Advance(TimeSpan.FromSeconds(1));
        span.End();
        Assert.Equal((1, _time.Start), (told, span.Take(default).End!.Value));

        span.Fail("not started after all");

        Assert.Equal((2, "not started after all"), (told, span.Take(default).Error));
        Assert.Equal(_time.Start.AddSeconds(1), span.Take(default).End);
    }

    [Fact]
    public void Note_MoreThanTheFleetTakes_KeepsTheNewestAndCountsTheOthers()
    {
        BootSpan span = _trace.Begin("fetch rootfs");
        for (int i = 0; i < 100; i++)
        {
            span.Note("provider.failed", TraceTag.Of("phase.bytes", i));
        }

        TraceSpan told = span.Take(default);
        Assert.Equal(
            Enumerable.Range(36, TraceLimits.MaxEvents).Select(i => (object)(long)i), told.Events.Select(each => each.Attributes[0].Value));
        Assert.Equal(36L, Assert.Single(told.Attributes, each => each.Key == "phase.dropped_events").Value);
    }

    [Fact]
    public void Set_MoreThanTheFleetTakes_StaysWithinItsLimits()
    {
        BootSpan span = _trace.Begin("boot");
        for (int i = 0; i < 100; i++)
        {
            span.Set(TraceTag.Of($"key{i % 50}", new string('x', 1000)));
        }

        span.Note("more than 64");
        Assert.Equal(TraceLimits.MaxAttributes - 1, span.Take(default).Attributes.Count);
        Assert.All(span.Take(default).Attributes, each => Assert.Equal(TraceLimits.MaxTextLength, ((string)each.Value).Length));
    }

    [Fact]
    public void Reached_ManyTimes_EndsTheNetworkOnce()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        _trace.Reached("10.0.0.5:8080");
        _time.Advance(TimeSpan.FromSeconds(1));
        _trace.Reached("10.0.0.6:8080");
        _trace.Root.Fail("why");

        TraceSpan network = _trace.Network.Take(default);
        Assert.Equal((_time.Start.AddSeconds(1), null), (network.End!.Value, network.Error));
        Assert.Equal("10.0.0.5:8080", Assert.Single(network.Attributes).Value);
        Assert.Equal("why", _trace.Root.Take(default).Error);
    }

    [Fact]
    public void Reached_AfterTheBootHasFailed_TheNetworkEndsWithTheBoot()
    {
        _trace.Root.Fail("no provider");
        _time.Advance(TimeSpan.FromSeconds(1));
        _trace.Reached("10.0.0.5:8080");

        Assert.Equal(_time.Start, _trace.Network.Take(default).End);
    }
}
