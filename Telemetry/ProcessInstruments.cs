using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace PhaseMesh.Telemetry;

/// <summary>
/// The process, by the names that every Prometheus client library gives it, and which program this is. .NET's own meter,
/// <see cref="RuntimeMeterName"/>, has the collector, the thread pool and the rest.
/// </summary>
public sealed class ProcessInstruments
{
    public const string MeterName = "PhaseMesh.Process";
    public const string RuntimeMeterName = "System.Runtime";
    public const string Cpu = "process.cpu";
    public const string ResidentMemory = "process.resident_memory";
    public const string VirtualMemory = "process.virtual_memory";
    public const string Threads = "process.threads";
    public const string OpenFiles = "process.open_fds";
    public const string MaxFiles = "process.max_fds";
    public const string StartTime = "process.start_time";
    public const string Build = "phase.build.info";

    private const string Status = "/proc/self/status";
    private const string Limits = "/proc/self/limits";

    public ProcessInstruments(HostMeters host, MetricsOptions options)
    {
        Meter meter = host.Create(MeterName);
        KeyValuePair<string, object?>[] build = [new("program", options.Program), new("version", options.Version)];
        meter.CreateObservableGauge(Build, () => new Measurement<int>(1, build), null, "Always 1; what runs here is in its labels");
        using Process self = Process.GetCurrentProcess();
        double started = new DateTimeOffset(self.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
        meter.CreateObservableGauge(StartTime, () => started, "s", "When the process began, since 1970");
        meter.CreateObservableGauge(ResidentMemory, () => Environment.WorkingSet, "By", "Memory in use that isn't swapped out");
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        meter.CreateObservableCounter(Cpu, () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time used");
        meter.CreateObservableGauge(VirtualMemory, () => NumberIn(Status, "VmSize:") * 1024, "By", "Addresses in use");
        meter.CreateObservableGauge(Threads, () => NumberIn(Status, "Threads:"), "{thread}", "Threads of the process");
        meter.CreateObservableGauge(OpenFiles, () => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(), "{file}",
            "File descriptors in use");
        meter.CreateObservableGauge(MaxFiles, () => NumberIn(Limits, "Max open files"), "{file}",
            "File descriptors that it may have");
    }

    /// <summary>The number behind a line's title.</summary>
    private static long NumberIn(string file, string title)
    {
        string line = File.ReadLines(file).First(line => line.StartsWith(title, StringComparison.Ordinal));
        string text = line[title.Length..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0];
        return text == "unlimited" ? long.MaxValue : long.Parse(text, CultureInfo.InvariantCulture);
    }
}
