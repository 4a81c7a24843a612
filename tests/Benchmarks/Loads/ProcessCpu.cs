using System.Globalization;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>CPU time of a process and its children, from /proc (proc(5): fields 14 and 15 of stat, in ticks of 10 ms).</summary>
internal static class ProcessCpu
{
    private const double TicksPerSecond = 100;

    public static double Seconds(int processId) =>
        Family(processId).Sum(id => Fields(id) is { } fields ? (long.Parse(fields[11]) + long.Parse(fields[12])) / TicksPerSecond : 0);

    private static IEnumerable<int> Family(int processId) =>
        Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(id => id == processId || (id > 0 && Fields(id) is { } fields && fields[1] == $"{processId}"));

    /// <summary>The fields after the program's name, so state is 0, parent 1, user time 11, system time 12; null when it has ended.</summary>
    private static string[]? Fields(int processId)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return null;
        }
    }
}
