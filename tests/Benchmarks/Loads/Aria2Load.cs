using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>Downloads by aria2, each from all of its URLs at once, one connection to each.</summary>
internal static class Aria2Load
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <returns>Seconds that each took, its process included.</returns>
    public static async Task<IReadOnlyList<double>> RunEachAsync(
        IEnumerable<IEnumerable<Uri>> artifacts, int downloads, long expectedBytes, string folder)
    {
        if (!File.Exists("/usr/bin/aria2c"))
        {
            throw new BenchmarkAbsentException("aria2 is not installed; run: deploy/setup.sh bench");
        }

        ConcurrentQueue<IEnumerable<Uri>> left = new(artifacts);
        ConcurrentBag<double> seconds = [];
        await Task.WhenAll(Enumerable.Range(0, downloads).Select(async worker =>
        {
            string file = Path.Combine(folder, worker.ToString(CultureInfo.InvariantCulture));
            while (left.TryDequeue(out IEnumerable<Uri>? urls))
            {
                long started = Stopwatch.GetTimestamp();
                string[] sources = [.. urls.Select(url => url.ToString())];
                await ChildProcess.RunAsync(
                    "aria2c",
                    [
                        "--no-conf", "--quiet", "--file-allocation=none", $"--split={sources.Length}", "--max-connection-per-server=1",
                        "--min-split-size=1M", "--dir", folder, "--out", Path.GetFileName(file), .. sources,
                    ],
                    Limit);
                seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                long length = new FileInfo(file).Length;
                File.Delete(file);
                if (length != expectedBytes)
                {
                    throw new InvalidOperationException($"aria2 got {length} bytes of {sources[0]}, expected {expectedBytes}.");
                }
            }
        }));
        return [.. seconds];
    }
}
