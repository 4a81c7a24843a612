using PhaseMesh.Gateway.Admission;

namespace PhaseMesh.Gateway.Tests.Admission;

/// <summary>What a storm looks like to those in it.</summary>
public class StormSimulationTests
{
    private const double Line = 125e6;
    private const long Rootfs = 20_000_000;

    [Theory]
    [InlineData(16, 0.15)]
    [InlineData(4096, 0.9)]
    public void TwoHundredMachines_FirstIsDoneSoonOnlyWhenFewGoOnAtOnce(int streams, double firstAfter)
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxStreams = streams, MaxStreamsPerClient = 8 }, Line);
        TimeSpan[] took = simulation.Time.Run(() => Task.WhenAll(Enumerable.Range(0, 200).Select(async machine =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(machine), simulation.Time);
            await simulation.DownloadAsync(machine, Rootfs);
            return simulation.Time.Elapsed;
        })));

        double ideal = 200 * Rootfs / Line;
        Assert.InRange(took.Max().TotalSeconds, ideal * 0.99, ideal * 1.25); // The line is hardly ever idle.
        Assert.True(simulation.MostStreams <= streams);
        if (firstAfter < 0.5)
        {
            Assert.True(took.Min().TotalSeconds < ideal * firstAfter, $"The first was done after {took.Min()} of {took.Max()}.");

            // In order: the earlier half is done with before the later half is.
            Assert.True(took.Take(100).Average(each => each.TotalSeconds) < 0.62 * took.Skip(100).Average(each => each.TotalSeconds));
        }
        else
        {
            Assert.True(took.Min().TotalSeconds > ideal * firstAfter, $"The first was done after {took.Min()} of {took.Max()}.");
        }
    }

    [Fact]
    public void FiveThousandMachines_WithLittleRoomToWait_AllAreServedAndTheLineIsBusy()
    {
        AdmissionOptions options = new() { MaxStreams = 64, MaxWaiting = 256 };
        AdmissionSimulation simulation = new(options, Line);
        int mostWaiting = 0;
        TimeSpan[] ends = simulation.Time.Run(() => Task.WhenAll(Enumerable.Range(0, 5000).Select(async machine =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(machine / 5.0), simulation.Time);
            await simulation.DownloadAsync(machine, 500_000, StreamPriority.Boot);
            await simulation.DownloadAsync(machine, 2_000_000);
            mostWaiting = Math.Max(mostWaiting, simulation.Control.Report().Waiting);
            return simulation.Time.Elapsed;
        })));

        double ideal = 5000 * 2_500_000L / Line;
        Assert.InRange(ends.Max().TotalSeconds, ideal, ideal * 1.25);
        Assert.InRange(mostWaiting, 1, 256);
        Assert.True(simulation.Refusals.Count > 1000);

        // Nobody is asked to wait for nothing or for ever, nor all for the same time.
        Assert.All(simulation.Refusals, refusal => Assert.InRange(refusal.RetryAfterSeconds, 1, 30));
        Assert.True(simulation.Refusals.Select(refusal => refusal.RetryAfterSeconds).Distinct().Count() >= 5);

        // Told to come back, they keep their place: those of the first tenth are not among the last to be done.
        Assert.True(ends.Take(500).Average(each => each.TotalSeconds) < 0.6 * ends.Skip(4500).Average(each => each.TotalSeconds));
    }

    [Fact]
    public void ClientWithSixteenConnections_GetsHardlyMoreThanOneWithOne()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxStreams = 8, MaxStreamsPerClient = 16 }, Line);
        TimeSpan end = TimeSpan.FromSeconds(300);
        (long greedy, long[] others) = simulation.Time.Run(async () =>
        {
            Task<long[]> many = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => simulation.DownloadUntilAsync(1, Rootfs, end)));
            Task<long[]> single = Task.WhenAll(
                Enumerable.Range(2, 15).Select(client => simulation.DownloadUntilAsync(client, Rootfs, end)));
            return ((await many).Sum(), await single);
        });

        Assert.InRange(greedy, 0, others.Average() * 1.2);
        Assert.All(others, bytes => Assert.InRange(bytes, others.Average() * 0.75, others.Average() * 1.25));
    }

    [Fact]
    public void KernelsBeforeRootfs_AndNeitherStarves()
    {
        AdmissionOptions options = new() { MaxStreams = 8, MaxWaiting = 1000, MaxWait = TimeSpan.FromSeconds(60) };
        AdmissionSimulation simulation = new(options, Line);
        (TimeSpan reserved, TimeSpan[] kernels, TimeSpan[] bulk) = simulation.Time.Run(async () =>
        {
            Task<TimeSpan[]> rootfs = Task.WhenAll(Enumerable.Range(0, 64).Select(client => simulation.DownloadAsync(client, Rootfs)));
            TimeSpan one = await simulation.DownloadAsync(1000, 1_000_000, StreamPriority.Boot);
            Task<TimeSpan[]> storm = Task.WhenAll(
                Enumerable.Range(2000, 400).Select(client => simulation.DownloadAsync(client, 2_000_000, StreamPriority.Boot)));
            return (one, await storm, await rootfs);
        });

        // A stream is kept for it: the kernel shares the line with seven, and waits for none of them.
        Assert.InRange(reserved.TotalSeconds, 0, 1.5 * 8 * 1_000_000 / Line);
        Assert.True(kernels.Average(each => each.TotalSeconds) < bulk.Average(each => each.TotalSeconds));
        double whole = ((64 * Rootfs) + (400 * 2_000_000L)) / Line;
        Assert.InRange(bulk.Max().TotalSeconds, whole * 0.9, whole * 1.1);
        Assert.Contains(bulk, each => each < kernels.Max()); // Bulk went on among the kernels.
    }

    [Theory]
    [InlineData(6, 3)]
    [InlineData(14, 9)]
    public void StalledReaders_HoldNothingThatOthersNeed(int readers, double secondsAtMost)
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxStreams = 16 }, Line);
        using CancellationTokenSource stop = new();
        TimeSpan[] took = simulation.Time.Run(async () =>
        {
            List<Task> stalled = [.. Enumerable.Range(0, readers).Select(client =>
                simulation.DownloadAsync(client, Rootfs, drawBytesPerSecond: 1, cancellationToken: stop.Token))];
            TimeSpan[] good = await Task.WhenAll(Enumerable.Range(100, 50).Select(client => simulation.DownloadAsync(client, Rootfs)));
            Assert.Equal(readers, simulation.Control.Report().Slow);
            stop.Cancel(); // Not from another thread, as CancelAsync would.
            foreach (Task each in stalled)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => each);
            }

            return good;
        });

        double alone = 50 * Rootfs / Line;
        Assert.InRange(took.Max().TotalSeconds, alone, alone + secondsAtMost);
        Assert.Equal(0, simulation.Control.Report().Slow + simulation.Control.Report().Active);
    }

    [Fact]
    public void FullLineWhereAllAreSlow_LetsNobodyElseIn()
    {
        // Each slice takes 2 s, twice what makes a reader suspect when others are quick.
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxStreams = 32, MaxStreamsPerClient = 32 }, 32 * 32_768);
        int slow = 0;
        simulation.Time.Run(() => Task.WhenAll(Enumerable.Range(0, 100).Select(client => simulation.DownloadAsync(
            client, 500_000, onBytes: _ => slow = Math.Max(slow, simulation.Control.Report().Slow)))));

        Assert.Equal(0, slow);
        Assert.InRange(simulation.MostStreams, 28, 32);
    }

    [Fact]
    public void SlowReaderThatIsQuickAgain_CountsAgain()
    {
        AdmissionSimulation simulation = new(new AdmissionOptions { MaxStreams = 8 }, Line);
        simulation.Time.Run(async () =>
        {
            using AdmissionTicket reader = simulation.Control.TicketFor(AdmissionSimulation.Address(1), null, StreamPriority.Boot);
            Assert.Null(await reader.EnterAsync(CancellationToken.None));
            reader.Sending();
            await Task.Delay(TimeSpan.FromSeconds(3), simulation.Time);
            await Task.WhenAll(Enumerable.Range(10, 20).Select(client => simulation.DownloadAsync(client, Rootfs)));
            Assert.Equal((0, 1), (simulation.Control.Report().Active, simulation.Control.Report().Slow));
            reader.Sent();
            reader.Sending();
            reader.Sent();
            Assert.Equal((1, 0), (simulation.Control.Report().Active, simulation.Control.Report().Slow));
        });
    }
}
