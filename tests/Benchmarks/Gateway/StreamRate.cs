using PhaseMesh.Benchmarks.Loads;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>What one round of streams through a proxy came to.</summary>
internal readonly record struct StreamRate(double GigabytesPerSecond, double CpuSecondsPerGigabyte)
{
    private const double BytesPerGigabyte = 1e9;

    /// <param name="proxy">Where it listens.</param>
    /// <param name="processId">Its process, whose children count as well.</param>
    /// <param name="path">The artifact.</param>
    /// <param name="clients">How many get it at once.</param>
    /// <param name="artifactBytes">Its length.</param>
    public static async Task<StreamRate> MeasureAsync(Uri proxy, int processId, string path, int clients, long artifactBytes)
    {
        double gigabytes = clients * artifactBytes / BytesPerGigabyte;
        double cpuBefore = ProcessCpu.Seconds(processId);
        double seconds = (await StreamLoad.RunAsync(new Uri(proxy, path), clients, artifactBytes)).Seconds;
        return new StreamRate(gigabytes / seconds, (ProcessCpu.Seconds(processId) - cpuBefore) / gigabytes);
    }
}
