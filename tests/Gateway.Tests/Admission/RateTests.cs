using PhaseMesh.Gateway.Admission;

namespace PhaseMesh.Gateway.Tests.Admission;

/// <summary>Bytes a second: of one client, of a site, in all.</summary>
public class RateTests
{
    private const long Rate = 10_000_000;
    private static readonly TimeSpan End = TimeSpan.FromSeconds(20);

    [Fact]
    public void RateInAll_IsKept_AndSharedEvenlyHoweverManyConnectionsAClientHas()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxRate = Rate }, 1e12);
        (long greedy, long[] others) = simulation.Time.Run(async () =>
        {
            Task<long[]> many = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => simulation.DownloadUntilAsync(1, 5_000_000, End)));
            Task<long[]> single = Task.WhenAll(
                Enumerable.Range(2, 4).Select(client => simulation.DownloadUntilAsync(client, 5_000_000, End)));
            return ((await many).Sum(), await single);
        });

        double expected = Rate * End.TotalSeconds;
        Assert.InRange(greedy + others.Sum(), expected * 0.98, expected * 1.02);
        Assert.All(others.Append(greedy), bytes => Assert.InRange(bytes, expected / 5 * 0.95, expected / 5 * 1.05));
    }

    [Fact]
    public void RateOfAClient_HoldsForAllItsConnectionsTogether_AndAcrossThem()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxRatePerClient = Rate }, 1e12);
        (long small, long other) = simulation.Time.Run(async () =>
        {
            // One small download after the other: none begins with a fresh allowance.
            Task<long[]> many = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => simulation.DownloadUntilAsync(1, 100_000, End)));
            Task<long> single = simulation.DownloadUntilAsync(2, 5_000_000, End);
            return ((await many).Sum(), await single);
        });

        double expected = Rate * End.TotalSeconds;
        Assert.InRange(small, expected * 0.98, expected * 1.02);
        Assert.InRange(other, expected * 0.98, expected * 1.02);
    }

    [Fact]
    public void RateOfASite_IsItsOwn()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxRatePerSite = Rate }, 1e12);
        (TimeSpan[] near, TimeSpan far) = simulation.Time.Run(async () =>
        {
            Task<TimeSpan[]> site = Task.WhenAll(
                Enumerable.Range(1, 4).Select(client => simulation.DownloadAsync(client, 25_000_000, site: $"a/{client}")));
            return (await site, await simulation.DownloadAsync(9, 25_000_000, site: "b"));
        });

        Assert.All(near, each => Assert.InRange(each.TotalSeconds, 9.5, 10.5));
        Assert.InRange(far.TotalSeconds, 2.3, 2.6);
    }

    [Fact]
    public void KernelUnderARate_GoesBeforeRootfs()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxRate = Rate }, 1e12);
        TimeSpan kernel = simulation.Time.Run(async () =>
        {
            Task bulk = Task.WhenAll(Enumerable.Range(0, 100).Select(client => simulation.DownloadUntilAsync(client, 50_000_000, End)));
            await Task.Delay(TimeSpan.FromSeconds(2), simulation.Time);
            TimeSpan took = await simulation.DownloadAsync(1000, 7_500_000, StreamPriority.Boot);
            await bulk;
            return took;
        });

        // Three quarters of the rate; one of a hundred equals would take 75 s.
        Assert.InRange(kernel.TotalSeconds, 0.7, 1.2);
    }

    [Fact]
    public void RateThatChanges_CountsForDownloadsUnderWay()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions(), 100_000_000);
        (TimeSpan slowed, TimeSpan freed) = simulation.Time.Run(async () =>
        {
            Task<TimeSpan> first = simulation.DownloadAsync(1, 200_000_000); // Two seconds without a limit.
            await Task.Delay(TimeSpan.FromSeconds(1), simulation.Time);
            simulation.Control.Apply(new AdmissionOptions { MaxRatePerClient = Rate });
            TimeSpan slow = await first;
            Task<TimeSpan> second = simulation.DownloadAsync(2, 200_000_000);
            await Task.Delay(TimeSpan.FromSeconds(5), simulation.Time);
            simulation.Control.Apply(new AdmissionOptions());
            return (slow, await second);
        });

        Assert.InRange(slowed.TotalSeconds, 10.8, 11.2);
        Assert.InRange(freed.TotalSeconds, 6.4, 6.7);
    }

    [Fact]
    public void ClientThatGoesAwayWhileItWaits_CostsTheOthersNothing()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxRate = Rate }, 1e12);
        TimeSpan took = simulation.Time.Run(async () =>
        {
            using CancellationTokenSource gone = new(TimeSpan.FromSeconds(1), simulation.Time);
            Task[] leaving = [.. Enumerable.Range(0, 50).Select(client =>
                simulation.DownloadAsync(client, 50_000_000, cancellationToken: gone.Token))];
            TimeSpan stays = await simulation.DownloadAsync(99, 50_000_000);
            foreach (Task each in leaving)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => each);
            }

            return stays;
        });

        Assert.InRange(took.TotalSeconds, 5.9, 6.2);
    }
}
