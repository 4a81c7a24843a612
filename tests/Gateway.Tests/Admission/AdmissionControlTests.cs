using System.Net;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Gateway.Tests.Admission;

public class AdmissionControlTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void PerClientLimit_IsOfAnAddressOrASlash64_AndSaysSo() => Run(new AdmissionOptions { MaxStreamsPerClient = 2 }, async control =>
    {
        foreach ((string mine, string alsoMine, string other) in ((string, string, string)[])
        [
            ("10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2"), ("2001:db8:1:1::1", "2001:db8:1:1:ffff::9", "2001:db8:1:2::1"),
        ])
        {
            using AdmissionTicket first = await BeganAsync(control, mine);
            using AdmissionTicket second = await BeganAsync(control, alsoMine);
            using AdmissionTicket third = control.TicketFor(IPAddress.Parse(mine), null, StreamPriority.Bulk);
            AdmissionRefusal refusal = Assert.IsType<AdmissionRefusal>(await third.EnterAsync(CancellationToken.None));
            Assert.Equal((AdmissionLimit.ClientStreams, 2, 2), (refusal.Full, refusal.Limit, refusal.InUse));
            Assert.InRange(refusal.Waited.TotalSeconds, 4, 4.5);
            using AdmissionTicket fourth = await BeganAsync(control, other);
        }
    });

    [Fact]
    public void PerSiteLimit_HoldsAcrossRacks_AndOtherSitesGoOn() => Run(new AdmissionOptions { MaxStreamsPerSite = 1 }, async control =>
    {
        using AdmissionTicket first = await BeganAsync(control, "10.0.0.1", "dc1/rack1");
        using AdmissionTicket second = control.TicketFor(IPAddress.Parse("10.0.0.2"), "dc1/rack2", StreamPriority.Bulk);
        Assert.Equal(AdmissionLimit.SiteStreams, (await second.EnterAsync(CancellationToken.None))!.Full);
        using AdmissionTicket third = await BeganAsync(control, "10.0.0.3", "dc2");
    });

    [Fact]
    public void QueueFull_RefusesAtOnce_ButAnEarlierClientTakesTheLastOnesPlace() => Run(
        new AdmissionOptions { MaxStreams = 8, MaxWaiting = 1, MaxStreamsPerClient = 8 }, async control =>
        {
            using AdmissionTicket early = control.TicketFor(IPAddress.Parse("10.0.0.1"), null, StreamPriority.Bulk);
            AdmissionTicket[] running = new AdmissionTicket[7];
            for (int index = 0; index < running.Length; index++)
            {
                running[index] = await BeganAsync(control, $"10.0.1.{index}");
            }

            using AdmissionTicket waits = control.TicketFor(IPAddress.Parse("10.0.0.2"), null, StreamPriority.Bulk);
            Task<AdmissionRefusal?> waiting = waits.EnterAsync(CancellationToken.None).AsTask();
            using AdmissionTicket late = control.TicketFor(IPAddress.Parse("10.0.0.3"), null, StreamPriority.Bulk);
            AdmissionRefusal refusal = Assert.IsType<AdmissionRefusal>(await late.EnterAsync(CancellationToken.None));
            Assert.Equal((AdmissionLimit.Queue, 1, TimeSpan.Zero), (refusal.Full, refusal.Limit, refusal.Waited));
            Assert.False(waiting.IsCompleted);

            Task<AdmissionRefusal?> earlyWaits = early.EnterAsync(CancellationToken.None).AsTask();
            Assert.Equal(AdmissionLimit.Queue, (await waiting)!.Full);
            running[0].Dispose();
            Assert.Null(await earlyWaits);
            Array.ForEach(running, ticket => ticket.Dispose());
        });

    [Fact]
    public void WaiterThatGoesAway_LeavesNothingBehind() => Run(new AdmissionOptions { MaxStreamsPerClient = 1 }, async control =>
    {
        using AdmissionTicket first = await BeganAsync(control, "10.0.0.1");
        using CancellationTokenSource gone = new();
        using AdmissionTicket second = control.TicketFor(IPAddress.Parse("10.0.0.1"), null, StreamPriority.Boot);
        Task<AdmissionRefusal?> waiting = second.EnterAsync(gone.Token).AsTask();
        Assert.Equal((1, 1), (control.Report().Waiting, control.Report(IPAddress.Parse("10.0.0.1")).You!.Waiting));
        gone.Cancel(); // Not from another thread, as CancelAsync would.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        second.Dispose();
        first.Dispose();
        Assert.Equal((0, 0), (control.Report().Waiting, control.Report().Active));
    });

    [Fact]
    public void TicketThatNeverEntered_OrIsDisposedTwice_CountsNothing() => Run(new AdmissionOptions(), async control =>
    {
        AdmissionTicket never = control.TicketFor(IPAddress.Loopback, "a", StreamPriority.Boot);
        never.Dispose();
        AdmissionTicket twice = await BeganAsync(control, "10.0.0.1");
        twice.Dispose();
        twice.Dispose();
        Assert.Equal((0, 0, 1L), (control.Report().Active, control.Report().Slow, control.Report().Admitted));
    });

    [Fact]
    public void OtherLimits_LetWaitersBeginAtOnce_AndStopNobodyWhoHasBegun() => Run(new AdmissionOptions { MaxStreamsPerClient = 1 }, async control =>
    {
        using AdmissionTicket first = await BeganAsync(control, "10.0.0.1");
        using AdmissionTicket second = control.TicketFor(IPAddress.Parse("10.0.0.1"), null, StreamPriority.Bulk);
        Task<AdmissionRefusal?> waiting = second.EnterAsync(CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);

        control.Apply(new AdmissionOptions { MaxStreamsPerClient = 2 });
        Assert.Null(await waiting);

        control.Apply(new AdmissionOptions { MaxStreamsPerClient = 1, MaxWait = TimeSpan.Zero });
        second.Dispose();
        using AdmissionTicket third = control.TicketFor(IPAddress.Parse("10.0.0.1"), null, StreamPriority.Bulk);
        Assert.Equal((AdmissionLimit.ClientStreams, 1), ((await third.EnterAsync(CancellationToken.None))!.Full, control.Report().Active));
    });

    private static async Task<AdmissionTicket> BeganAsync(AdmissionControl control, string address, string? site = null)
    {
        AdmissionTicket ticket = control.TicketFor(IPAddress.Parse(address), site, StreamPriority.Bulk);
        Assert.Null(await ticket.EnterAsync(CancellationToken.None));
        return ticket;
    }

    private void Run(AdmissionOptions options, Func<AdmissionControl, Task> story)
    {
        using AdmissionControl control = new(options, _time, () => 0.5);
        _time.Run(() => story(control));
    }
}
