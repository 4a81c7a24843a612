using System.Diagnostics;

namespace PhaseMesh.Benchmarks.Cluster;

/// <summary>Callers with one call in flight each, for a while.</summary>
/// <param name="PerSecond">Calls that ended well.</param>
/// <param name="P50">Milliseconds.</param>
/// <param name="P99">Milliseconds.</param>
/// <param name="CpuMicroseconds">Of this process, per call.</param>
internal sealed record CallLoad(double PerSecond, double P50, double P99, double CpuMicroseconds)
{
    private const int MaxSamples = 100_000;

    /// <param name="callers">How many.</param>
    /// <param name="duration">How long.</param>
    /// <param name="sampleEvery">Every how manieth call is timed; cached reads cost less than a look at the clock.</param>
    /// <param name="call">Caller and number of the call.</param>
    public static async Task<CallLoad> RunAsync(int callers, TimeSpan duration, int sampleEvery, Func<int, int, Task> call)
    {
        using Process self = Process.GetCurrentProcess();
        TimeSpan cpu = self.TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        long total = 0;
        List<double>[] samples = [.. Enumerable.Range(0, callers).Select(_ => new List<double>())];
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            int number = 0;
            while (number % sampleEvery != 0 || Stopwatch.GetElapsedTime(began) < duration)
            {
                bool isSample = number % sampleEvery == 0;
                long start = isSample ? Stopwatch.GetTimestamp() : 0;
                await call(caller, number++);
                if (isSample && samples[caller].Count < MaxSamples)
                {
                    samples[caller].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }

            Interlocked.Add(ref total, number);
        })));
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        self.Refresh();
        double[] sorted = [.. samples.SelectMany(sample => sample).Order()];
        return new CallLoad(
            total / seconds, sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)],
            (self.TotalProcessorTime - cpu).TotalMicroseconds / total);
    }

    public override string ToString() =>
        $"{PerSecond,10:N0}/s  p50 {P50:0.000} ms  p99 {P99:0.000} ms  {CpuMicroseconds:0.0} us CPU per call";
}
