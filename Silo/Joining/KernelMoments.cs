using System.Globalization;

namespace PhaseMesh.Silo.Joining;

/// <summary>What a process can say of the machine's way to it, as times since the kernel's start.</summary>
/// <param name="Now">When this was read.</param>
/// <param name="Process">When this process was started.</param>
internal sealed record KernelMoments(TimeSpan Now, TimeSpan Process)
{
    /// <summary>USER_HZ, in which the kernel tells times to all programs on x86_64 and arm64 (proc_pid_stat.5).</summary>
    private const int TicksPerSecond = 100;

    /// <summary>Of the fields behind the name, the number of the time a process was started: 22 of proc_pid_stat.5.</summary>
    private const int StartTime = 19;

    /// <param name="proc">Where procfs is.</param>
    /// <returns>Null: it is not there, or not as it is on Linux.</returns>
    public static KernelMoments? Read(string proc = "/proc")
    {
        try
        {
            string uptime = File.ReadAllText(Path.Combine(proc, "uptime")).Split(' ')[0];
            string stat = File.ReadAllText(Path.Combine(proc, "self", "stat"));
            string[] behindName = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return double.TryParse(uptime, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double now)
                && behindName.Length > StartTime && long.TryParse(behindName[StartTime], CultureInfo.InvariantCulture, out long started)
                ? new KernelMoments(TimeSpan.FromSeconds(now), TimeSpan.FromSeconds((double)started / TicksPerSecond))
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
