using System.Globalization;
using System.Net;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;
using Xunit.Abstractions;

namespace PhaseMesh.Gateway.Tests.Storm;

[Collection(StormTurns.Name)]
public class SimulatedStormTests(ITestOutputHelper output)
{
    private const int Machines = 5000;
    private const int LineBytesPerSecond = 96 << 20;

    /// <summary>Five thousand machines, each with an address of its own, begin at the same moment; four providers; one gateway.</summary>
    [Fact]
    public async Task FiveThousandMachinesAtOnce_NoneFailsAndTheProvidersAreReadAtMostThrice()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions
        {
            KernelBytes = 60_001,
            InitramfsBytes = 40_002,
            RootfsBytes = 150_003,
        });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        List<ChildProcess> processes = [];
        List<Uri> providers = [];
        try
        {
            for (int index = 0; index < 4; index++)
            {
                (ChildProcess plasmd, Uri url) = await Programs.ServeAsync(directory, $"plasmd{index}");
                processes.Add(plasmd);
                providers.Add(url);
            }

            (ChildProcess gateway, Uri gatewayUrl) = await Programs.GatewayAsync(
                directory, release, providers, "--max-rate", LineBytesPerSecond.ToString(CultureInfo.InvariantCulture));
            processes.Add(gateway);
            using HttpClient client = new() { Timeout = Programs.Limit };
            await StormFigures.ProviderCountAsync(client, gatewayUrl, 4);
            long upstreamBefore = await StormFigures.SentAsync(client, providers);

            IPEndPoint address = new(IPAddress.Loopback, gatewayUrl.Port);
            SimulatedMachine[] machines =
                [.. Enumerable.Range(0, Machines).Select(number => new SimulatedMachine(number, address, release))];
            using CancellationTokenSource limit = new(Programs.Limit);
            long started = TimeProvider.System.GetTimestamp();
            Task[] boots = [.. machines.Select(machine => Task.Run(() => machine.BootAsync(limit.Token)))];
            await Task.WhenAll(boots).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            TimeSpan took = TimeProvider.System.GetElapsedTime(started);
            Exception[] failures = [.. boots.Where(boot => !boot.IsCompletedSuccessfully).Select(boot => boot.Exception?.InnerException
                ?? new TimeoutException("Not done in time."))];
            Assert.True(
                failures.Length == 0,
                $"{failures.Length} failed after {took.TotalSeconds:0.0} s, one of them: {failures.FirstOrDefault()}{gateway.Tail()}");

            long artifactBytes = release.Contents.Values.Sum(content => content.Length);
            long upstream = await StormFigures.SentAsync(client, providers) - upstreamBefore;
            double line = (double)Machines * artifactBytes / LineBytesPerSecond;
            output.WriteLine($"{Machines} machines: the last after {took.TotalSeconds:0.0} s, at line rate {line:0.0} s; providers read "
                + $"{(double)upstream / artifactBytes:0.00} times; told to come back {machines.Sum(each => each.Refusals)} times.");
            // A hedge may fetch a chunk twice; without sharing it would be thousands of times.
            Assert.InRange((double)upstream / artifactBytes, 1, 3);
            Assert.True(took.TotalSeconds > line * 0.95, "Faster than the rate it was limited to.");
        }
        finally
        {
            foreach (ChildProcess process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }
}
